"""The Doctor's rules about a class run's figures and texts: which classes are found, and what its labels are worth."""

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.evaluation.doctor.actions import RETRAIN, labelling, task
from workbench.evaluation.doctor.classes.facts import ClassData
from workbench.evaluation.doctor.findings import Action, Evidence, Finding, Rule, Severity, Target

_SOME = 5  # fewer of anything are no evidence
_FEW_DOCUMENTS, _WIDE = 10, 0.3  # measured documents, and width of the macro F1's interval, with which nothing is sure


def majority_class(evidence: Evidence) -> Finding | None:
    """Nearly everything is taken for one class, also what is labelled otherwise."""
    if (top := _swallowing(evidence)) is None:
        return None
    labels, counts = _confusion(evidence)
    at, total = labels.index(top), sum(map(sum, counts))
    others = total - sum(counts[at])
    facts = {
        "share_predicted": sum(row[at] for row in counts) / total,
        "share_labelled": sum(counts[at]) / total,
        "taken_of_others": (others - sum(counts[i][i] for i in range(len(labels)) if i != at)) / others,
    }
    phrases = (
        f"{facts['share_predicted']:.0%} of the documents are taken for {top}",
        f"{facts['share_labelled']:.0%} are labelled so",
        f"of the other {others} documents {facts['taken_of_others']:.0%} are taken for another class",
    )
    actions = [*_weights(evidence), *_longer(evidence), _rare_first()]
    cause = f"Answering {top} every time is cheap where most texts are {top}, or the training was too short for more."
    symptom = f"The model takes nearly everything for {top}"
    return Finding("majority_class", symptom, facts, cause, tuple(actions), phrases=phrases)


def _swallowing(evidence: Evidence) -> str | None:
    """The class that nearly all documents are taken for, four of five of the others included."""
    labels, counts = _confusion(evidence)
    total = sum(map(sum, counts))
    for at, label in enumerate(labels):
        predicted, own = sum(row[at] for row in counts), sum(counts[at])
        taken = predicted - counts[at][at]
        if own and total - own >= _SOME and predicted >= 0.8 * total and taken >= 0.8 * (total - own):
            return label
    return None


def imbalance(evidence: Evidence) -> Finding | None:
    """A class with far fewer training documents than another is found far less often."""
    trained, rows = _data(evidence).trained, _classes(evidence)
    counted = {name: n for name, n in trained.items() if n and rows.get(name, {}).get("support", 0) >= 3}
    if len(counted) < 2:
        return None
    rare, common = min(counted, key=lambda n: (counted[n], n)), max(counted, key=lambda n: (counted[n], n))
    low, high = rows[rare]["recall"], rows[common]["recall"]
    if counted[common] < 4 * counted[rare] or high - low < 0.15:
        return None
    facts = {"rare": counted[rare], "common": counted[common], "recall_rare": low, "recall_common": high}
    phrases = (
        f"{counted[rare]} training documents of {rare}, {counted[common]} of {common}",
        f"recall {low:.2f} of {rare}",
        f"{high:.2f} of {common}",
    )
    cause = f"The loss of the few {rare} weighs little beside that of the many {common}."
    return Finding(
        "imbalance",
        f"The rare class {rare} is found less often than {common}",
        facts,
        cause,
        (*_weights(evidence), _rare_first()),
        phrases=phrases,
    )


def class_missed(evidence: Evidence) -> Finding | None:
    """A class of which less than half is found, though the model tells others apart."""
    rows = _classes(evidence)
    missed = {
        name: row
        for name, row in rows.items()
        if row["support"] >= _SOME and row["recall"] < 0.5 and any(o["recall"] >= 0.7 for o in rows.values())
    }
    if not missed:
        return None
    worst = min(missed, key=lambda name: (missed[name]["recall"], name))
    row = missed[worst]
    taken_for = _taken_for(evidence, worst)
    facts = {"recall": row["recall"], "precision": row["precision"], "support": row["support"]}
    recognised = round(row["recall"] * row["support"])
    phrases = (
        f"{recognised} of {row['support']} found",
        f"precision {row['precision']:.2f}",
        *([f"most are taken for {taken_for}"] if taken_for else ()),
        f"{_data(evidence).trained.get(worst, 0)} training documents of it",
    )
    actions = [*_weights(evidence), task("more of the class", f"Queue texts that may be {worst}")]
    if not _weights(evidence):
        actions.insert(0, _focal())
    if taken_for:
        look = f"Look at the texts labelled {worst} and taken for {taken_for}: is the line between them drawn alike?"
        actions.append(Action("look at the confusion", look, "minutes", Target.DATA, screen="errors"))
    cause = f"There are too few {worst} to learn from, or its texts read like those of another class."
    symptom = f"Most texts that are {worst} are not found"
    return Finding("class_missed", symptom, facts, cause, tuple(actions), phrases=phrases)


def _taken_for(evidence: Evidence, label: str) -> str:
    labels, counts = _confusion(evidence)
    if label not in labels:
        return ""
    at = labels.index(label)
    wrong = {other: n for i, (other, n) in enumerate(zip(labels, counts[at], strict=True)) if i != at and n}
    return max(wrong, key=lambda name: wrong[name], default="")


def duplicates_across_sides(evidence: Evidence) -> Finding | None:
    """Measured texts that stand among the training texts as well."""
    data = _data(evidence)
    repeated, measured = data.repeated
    if repeated < 3 or repeated < 0.02 * measured:
        return None
    facts: dict[str, Any] = {"repeated": repeated, "measured": measured, "otherwise_labelled": data.relabelled}
    phrases = [f"{repeated} of {measured} measured texts repeat a training text"]
    if data.relabelled:
        phrases.append(f"{data.relabelled} of them with another label")
    action = task("split again", "`workbench split` keeps such texts on one side; then train again", RETRAIN, "")
    return Finding(
        "duplicates_across_sides",
        "Texts that the model was trained on are measured as well",
        facts,
        "Copies of a text lie on both sides, so that the figures are better than the model.",
        (action,),
        phrases=tuple(phrases),
    )


def texts_cut(evidence: Evidence) -> Finding | None:
    """Words that the model did not read, as they are longer than its window."""
    cut, measured = _data(evidence).cut
    prepared = sum(int(event.get("truncated") or 0) for event in evidence.of("prepared"))
    if not cut and not prepared:
        return None
    length, longest = evidence.get("data.max_length", 512), min(512, evidence.positions)
    by_choice = evidence.get("data.long_texts", "windows") == "head_and_tail"
    actions = []
    if by_choice:
        changes: dict[str, Any] = {"data.long_texts": "windows"}
        actions.append(Action("all windows", "Read every window of a text", f"{RETRAIN}, slower", changes=changes))
    if length < longest:
        title = f"Windows of {longest} sub-tokens, not {length}"
        changes = {"data.max_length": longest}
        actions.append(Action("longer windows", title, f"{RETRAIN}, slower and more memory", changes=changes))
    if not by_choice:
        look = "Correct words that are longer than a window: they are rarely words"
        actions.append(Action("long words", look, "minutes, then one training run", Target.DATA, screen="annotate"))
    facts = {"truncated_in_preparation": prepared, "truncated_documents": cut, "evaluated_documents": measured}
    return Finding(
        "texts_cut",
        f"Of {cut or prepared} texts the model did not see every word",
        facts,
        "Of long texts the first and the last window alone are read, as it was set."
        if by_choice
        else "A word is longer than a window, and was cut to fit.",
        tuple(actions),
    )


def averages_differ(evidence: Evidence) -> Finding | None:
    """Accuracy, macro and weighted F1 lie apart: one compared with another compares averages, not models."""
    report = evidence.report
    figures = {
        "accuracy": report.get("accuracy"),
        "macro F1": (report.get("macro") or {}).get("f1"),
        "weighted F1": (report.get("weighted") or {}).get("f1"),
    }
    known = {name: value for name, value in figures.items() if value is not None}
    rows = _classes(evidence)
    if not rows or len(known) < 3 or max(known.values()) - min(known.values()) < 0.05:
        return None
    worst = min(rows, key=lambda name: (rows[name]["f1"], name))
    phrases = (
        ", ".join(f"{name} {value:.3f}" for name, value in known.items()),
        f"F1 {rows[worst]['f1']:.2f} of {worst}, which has {rows[worst]['support']} of {report['documents']} documents",
    )
    title = "Name the average with the figure, and compare runs by the same one: macro F1 if classes matter alike"
    return Finding(
        "averages_differ",
        "The figures of this run differ only by how classes are averaged",
        known,
        "Accuracy and weighted F1 count documents, macro F1 counts classes, and the classes differ in size and in F1.",
        (Action("one average", title, "seconds", Target.DATA, screen="runs"),),
        Severity.HINT,
        phrases,
    )


def label_noise(evidence: Evidence) -> Finding | None:
    """Many labels that the model disagrees with as surely as it agrees with others."""
    doubtful, measured = _data(evidence).doubtful
    if doubtful < _SOME or doubtful < 0.05 * measured:
        return None
    actions = [
        Action("check labels", f"Look at the {doubtful} labels in doubt", "minutes", Target.DATA, screen="errors")
    ]
    if not evidence.get("regularization.label_smoothing_factor", 0.0):
        changes = {"regularization.label_smoothing_factor": 0.1}
        actions.append(Action("label smoothing", "Smooth the labels by 0.1", RETRAIN, changes=changes))
    return Finding(
        "label_noise",
        f"{doubtful} of {measured} measured labels are probably wrong",
        {"doubtful": doubtful, "measured": measured},
        "The model is as sure of another class as it is where that class is the label: labels are mixed up, or the "
        "line between two classes is not drawn alike.",
        tuple(actions),
        phrases=(f"{doubtful / measured:.0%} of the labels, by confident learning",),
    )


def small_evaluation(evidence: Evidence) -> Finding | None:
    """Too few measured documents for the digits that are shown."""
    macro, documents = evidence.report.get("macro") or {}, evidence.report.get("documents", 0)
    if not macro.get("ci95"):
        return None
    low, high = macro["ci95"]
    if high - low < 0.12:
        return None
    split = evidence.report.get("split", "test")
    wanted = round(documents * ((high - low) / 0.1) ** 2)
    facts = {"documents": documents, "f1": macro["f1"], "interval_low": low, "interval_high": high}
    title = f"Label about {wanted:,} {split} documents in all: the macro F1 is then known to about ±0.05"
    return Finding(
        "small_evaluation",
        f"Only {documents} documents were measured: macro F1 is somewhere from {low:.2f} to {high:.2f}",
        facts,
        "Until more documents are labelled for measuring, no figure and no finding here is sure.",
        (labelling("more evaluated documents", title, "labelling time", split=split),),
        Severity.PROBLEM if documents < _FEW_DOCUMENTS or high - low >= _WIDE else Severity.HINT,
    )


def _data(evidence: Evidence) -> ClassData:
    return evidence.classes or ClassData()


def _classes(evidence: Evidence) -> Mapping[str, Mapping[str, Any]]:
    return evidence.report.get("classes") or {}


def _confusion(evidence: Evidence) -> tuple[Sequence[str], Sequence[Sequence[int]]]:
    known = evidence.report.get("confusion") or {}
    return known.get("labels", ()), known.get("counts", ())


def _weights(evidence: Evidence) -> list[Action]:
    """Class weights, where there are none."""
    if evidence.get("regularization.class_weights", "none") != "none":
        return []
    changes = {"regularization.class_weights": "inverse"}
    return [Action("class weights", "Weigh rare classes by their inverse frequency", RETRAIN, changes=changes)]


def _focal() -> Action:
    changes = {"regularization.loss": "focal", "regularization.focal_gamma": 1.5}
    return Action("focal loss", "Use the focal loss", RETRAIN, changes=changes)


def _longer(evidence: Evidence) -> list[Action]:
    """More epochs, where the model takes steps at all."""
    if not evidence.losses:
        return []
    wished = float(evidence.get("train.num_train_epochs", 15))
    changes = {"train.num_train_epochs": 2 * wished}
    return [
        Action(
            "more epochs", f"Train {2 * wished:g} epochs, not {wished:g}", f"{RETRAIN}, twice as long", changes=changes
        )
    ]


def _rare_first() -> Action:
    return task("rare classes first", "Queue texts that may be of a rare class (strategy: rare classes first)")


RULES: tuple[Rule, ...] = (
    majority_class,
    imbalance,
    class_missed,
    duplicates_across_sides,
    texts_cut,
    label_noise,
    small_evaluation,
    averages_differ,
)
