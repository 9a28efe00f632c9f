"""The Doctor's rules about documents, labels and splits: what the model learned from."""

from collections.abc import Mapping
from statistics import median
from typing import Any

from workbench.evaluation.doctor.actions import RETRAIN, labelling, layout_augmentation, merged_lines, task, windows
from workbench.evaluation.doctor.data_facts import LOW_OCR
from workbench.evaluation.doctor.findings import Action, Evidence, Finding, Rule, Severity, Target
from workbench.evaluation.error_analysis import failing
from workbench.fields.plain_text import counted
from workbench.predictions import repair_rules
from workbench.predictions.cases import NONE

_LABEL_AND_TRAIN = "labelling time, then one training run"
_SOME = 5  # fewer of anything are no evidence
_FEW_DOCUMENTS, _WIDE = 10, 0.3  # measured documents, and width of the F1's interval, from which on nothing is sure


def _share(part: tuple[int, int]) -> float:
    return part[0] / part[1] if part[1] else 0.0


def amounts_confused(evidence: Evidence) -> Finding | None:
    """Amount fields taken for each other, or missed currencies."""
    confusion: Mapping[str, Mapping[str, int]] = evidence.report.get("confusion") or {}
    fields = {name for name, kind in evidence.types.items() if kind in ("amount", "currency")}
    facts: dict[str, Any] = {}
    for gold in sorted(fields & set(confusion)):
        row = confusion[gold]
        total = sum(row.values())
        swapped = {other: count for other, count in row.items() if other in fields - {gold}}
        if swapped and sum(swapped.values()) >= max(3, 0.05 * total):
            other = max(sorted(swapped), key=lambda name: swapped[name])
            facts[f"{gold} taken for {other}"] = swapped[other]
        missed = row.get(NONE, 0)
        if evidence.types[gold] == "currency" and missed >= max(3, 0.15 * total):
            facts[f"{gold} missed"] = missed / total
    # A missed currency alone has other reasons as well; it belongs here beside confused amounts.
    if not any(" taken for " in name for name in facts):
        return None
    names = sorted({name.split(" ")[0] for name in facts})
    phrases = tuple(
        f"{name} {value} times" if " taken for " in name else f"{name} in {value:.0%}" for name, value in facts.items()
    )
    augment = {"augmentation.currency_forms": 0.3, "augmentation.header_synonyms": 0.3}
    actions = [
        task("header samples", "Label documents in which a column header stands with its number"),
        *windows(evidence),
        *merged_lines(evidence),
        Action("augment currencies and headers", "Vary currency signs and header words", RETRAIN, changes=augment),
        Action(
            "neighbourhood rules",
            "Let the header beside an amount decide (within 500 thousandths of the page)",
            "seconds, no training",
            Target.POSTPROCESS,
            {"neighbourhood": True, "radius": 500.0},
        ),
    ]
    cause = "It saw too few such headers beside their values, windows cut them apart, or no rule checks them."
    symptom = f"The model takes one amount for another: {', '.join(names)}"
    return Finding("amounts_confused", symptom, facts, cause, tuple(actions), phrases=phrases)


def values_cut(evidence: Evidence) -> Finding | None:
    """Values over several lines, or at a window's edge, are wrong far more often than others."""
    if not evidence.data:
        return None
    plain = _share(evidence.data.one_line)
    facts: dict[str, Any] = {}
    for name in ("several_lines", "window_edges"):
        part = getattr(evidence.data, name)
        if part[0] >= _SOME and _share(part) >= max(0.3, 2 * plain):
            facts |= {f"wrong_{name}": _share(part), f"values_{name}": part[1]}
    if not facts:
        return None
    facts["wrong_one_line"] = plain
    edges = "wrong_window_edges" in facts
    merging, wider = merged_lines(evidence), windows(evidence) if edges else []
    actions = [*merging, *wider]
    if wider and evidence.get("model.max_position_embeddings", 512) < 768:
        longer = {"model.max_position_embeddings": 768, "data.max_length": 768}
        actions.append(
            Action(
                "more positions",
                "A model of 768 positions, the last resort",
                "a new model: pretrained positions no longer fit",
                changes=longer,
            )
        )
    causes = ["The windows are short"] * bool(wider) + ["the OCR cuts lines finely"] * bool(merging)
    if not actions:  # neither windows nor torn words can be to blame
        worst = evidence.data.wrong_lines
        names = sorted(worst, key=lambda name: -worst[name])[:3]
        causes = ["Such a value is right only as a whole, and there are few to learn from"]
        actions = [task("values over lines", f"Queue documents that have {', '.join(names) or 'such values'}")]
    where = "over several lines or at window edges" if edges else "over several lines"
    return Finding(
        "values_cut", f"Values {where} are often cut or lost", facts, f"{', or '.join(causes)}.", tuple(actions)
    )


def languages(evidence: Evidence) -> Finding | None:
    """A language that scores far lower and is rare in training."""
    rows = (evidence.report.get("slices") or {}).get("language") or {}
    trained = evidence.data.languages.get("train", {}) if evidence.data else {}
    total = sum(trained.values())
    best = max((row["f1"] for row in rows.values() if row["documents"] >= _SOME), default=0.0)
    for name, row in sorted(rows.items(), key=lambda item: item[1]["f1"]):
        share = trained.get(name, 0) / total if total else 0.0
        low = row["documents"] >= _SOME and best - row["f1"] >= 0.15 and name != "unknown"
        if low and total and share < 0.2:
            facts = {"language": name, "f1": row["f1"], "best_language_f1": best, "share_of_training": share}
            base = Action(
                "multilingual base",
                "Start from the multilingual lilt-infoxlm",
                "a download, a longer run",
                changes={"model.family": "lilt", "model.name": "SCUT-DLVCLab/lilt-infoxlm-base"},
            )
            more = task("more of the language", f"Label more documents in {name}, to at least 20–30 % of training")
            return Finding(
                "languages",
                f"The model does much worse on documents in {name} than on others",
                facts,
                "Too few training documents are in this language, or the model does not know its words.",
                (more, base, layout_augmentation()),
            )
    return None


def new_templates(evidence: Evidence) -> Finding | None:
    """Vendors that were not in training score far lower than those that were."""
    known_side, new_side = (evidence.report.get(f"{side}_vendors") or {} for side in ("seen", "unseen"))
    if (
        min(known_side.get("documents", 0), new_side.get("documents", 0)) < _SOME
        or known_side["f1"] - new_side["f1"] < 0.15
    ):
        return None
    facts = {
        "seen_f1": known_side["f1"],
        "unseen_f1": new_side["f1"],
        "seen_documents": known_side["documents"],
        "unseen_documents": new_side["documents"],
    }
    return Finding(
        "new_templates",
        "The model does much worse on vendors that it has not seen in training",
        facts,
        "It has learned the layouts of its vendors rather than what an invoice looks like.",
        (task("more vendors", "Label a few documents each of more vendors"), layout_augmentation()),
    )


def class_imbalance(evidence: Evidence) -> Finding | None:
    """Nearly all words carry no field, and values are missed rather than invented, whatever field they are of."""
    micro = evidence.report.get("micro") or {}
    if not evidence.data or evidence.data.outside < 0.9 or not micro:
        return None
    fields = evidence.report.get("fields") or {}
    missed = [row["precision"] - row["recall"] for row in fields.values() if row["support"]]
    # a single field that is missed has reasons of its own: few examples, a header that is not known
    if micro["precision"] - micro["recall"] < 0.15 or (missed and median(missed) < 0.15):
        return None
    facts = {"share_without_field": evidence.data.outside, "precision": micro["precision"], "recall": micro["recall"]}
    actions = [
        Action(
            "label smoothing",
            "Smooth the labels by 0.1",
            RETRAIN,
            changes={"regularization.label_smoothing_factor": 0.1},
        ),
        Action(
            "class weights",
            "Weigh rare fields more than words without a field",
            RETRAIN,
            changes={"regularization.class_weights": "inverse"},
        ),
        Action(
            "focal loss",
            "Use the focal loss",
            RETRAIN,
            changes={"regularization.loss": "focal", "regularization.focal_gamma": 1.5},
        ),
    ]
    symptom = "The model misses many values and rarely invents one"
    cause = "Most words have no field, so finding nothing is the safest answer that it has learned."
    return Finding("class_imbalance", symptom, facts, cause, tuple(actions))


def few_examples(evidence: Evidence) -> Finding | None:
    """A field that scores low and is rare in training."""
    fields, micro = evidence.report.get("fields") or {}, evidence.report.get("micro") or {}
    if not evidence.data or "train" not in evidence.data.fields:
        return None
    trained = evidence.data.fields["train"]
    facts: dict[str, Any] = {}
    rare: dict[str, str] = {}
    for name, row in sorted(fields.items()):
        known = trained.get(name)
        labels, vendors = (known.labels, known.vendors) if known else (0, 0)
        if row["support"] and (labels < 10 or vendors < 3) and row["f1"] < min(0.7, micro["f1"] - 0.1):
            facts |= {f"{name} labels": labels, f"{name} vendors": vendors, f"{name} f1": row["f1"]}
            rare[name] = f"{name}: {_number(labels, 'label')} from {_number(vendors, 'vendor')}, F1 {row['f1']:.2f}"
    if not rare:
        return None
    names = ", ".join(rare)
    action = task("more examples", f"Queue documents that have {names}")
    symptom = f"There are too few examples to learn from of {names}"
    cause = "About 20 labels of a field from 5 vendors are a start."
    return Finding("few_examples", symptom, facts, cause, (action,), phrases=tuple(rare.values()))


def _number(count: int, of: str) -> str:
    return f"{count} {of}{'' if count == 1 else 's'}"


def split_leakage(evidence: Evidence) -> Finding | None:
    """The same vendors, or almost the same documents, on both sides."""
    if not evidence.data:
        return None
    train = evidence.data.vendors.get("train") or {}
    shared = {
        split: sum(count for vendor, count in vendors.items() if vendor in train) / sum(vendors.values())
        for split, vendors in evidence.data.vendors.items()
        if split in ("validation", "test") and vendors
    }
    worst = max(shared.values(), default=0.0)
    alike = evidence.data.near_duplicates
    if worst < 0.05 and not (alike[0] >= 2 and _share(alike) >= 0.05):
        return None
    facts = {
        "share_of_documents_of_training_vendors": worst,
        "near_duplicates": alike[0],
        "evaluated_documents": alike[1],
    }
    action = task("split again", "Divide the documents anew by vendor: `workbench split`", "a training run", screen="")
    symptom = "Training and measuring share vendors, or almost the same documents"
    cause = "The figures are too good to be believed, as the model has seen these layouts before."
    return Finding("split_leakage", symptom, facts, cause, (action,))


def label_noise(evidence: Evidence) -> Finding | None:
    """Many labels that the model confidently disagrees with."""
    part = evidence.data.suspects if evidence.data else (0, 0)
    # a model that is wrong more often than in every fourth value is sure of its own errors: it may not judge labels
    learned = (evidence.report.get("micro") or {}).get("f1", 1.0) >= 0.75
    if part[0] < _SOME or _share(part) < 0.1 or not learned:
        return None
    title = "Go through the suspected label errors, the worst first"
    action = task("check labels", title, f"about {part[0]} documents", screen="errors")
    symptom = f"The model surely contradicts a label on {part[0]} of {part[1]} measured documents"
    return Finding(
        "label_noise",
        symptom,
        {"suspected_documents": part[0], "documents": part[1]},
        "Some labels are probably wrong, or the same thing was labelled in two ways.",
        (action,),
    )


def missing_vendor(evidence: Evidence) -> Finding | None:
    """A vendor without training documents that fails far more than the others."""
    if not evidence.data:
        return None
    rows, train = evidence.data.vendor_errors, evidence.data.vendors.get("train") or {}
    bad = {name: row for name, row in failing(rows).items() if name not in train}
    if not bad:
        return None
    facts = {f"{name} wrong": _share(row) for name, row in bad.items()} | {"vendors": len(rows)}
    worst = max(bad, key=lambda name: bad[name][0])
    waiting = evidence.waiting.on("train", worst) if evidence.waiting is not None else 0
    if waiting:
        title = (
            f"Label {'the one document' if waiting == 1 else f'{min(waiting, 5)} documents'} of {worst} for training"
        )
        action = labelling(
            "label the vendor", title, "labelling time, then one training run", group=worst, split="pool"
        )
    else:  # its documents are on the measuring side, where a vendor stays as a whole
        action = Action(
            "label the vendor",
            f"Label a few training documents that look like those of {worst}",
            _LABEL_AND_TRAIN,
            Target.DATA,
            screen="queue",
            documents={"like": worst},
        )
    phrases = tuple(f"{name}: {wrong} of {of} values wrong" for name, (wrong, of) in bad.items())
    symptom = f"The model gets most values of {', '.join(bad)} wrong"
    cause = "No training document looks like theirs."
    return Finding("missing_vendor", symptom, facts, cause, (action,), phrases=(*phrases, counted(len(rows), "vendor")))


def ocr_low(evidence: Evidence) -> Finding | None:
    """Words that were read badly, in training or where the figures are low."""
    if not evidence.data:
        return None
    bands = (evidence.report.get("slices") or {}).get("ocr_confidence") or {}
    low = bands.get("under 0.8", {"documents": 0})
    rest = [row for name, row in bands.items() if name != "under 0.8" and row["documents"] >= _SOME]
    drop = max((row["f1"] for row in rest), default=0.0) - low["f1"] if low["documents"] >= _SOME and rest else 0.0
    part = evidence.data.low_ocr
    if drop < 0.1 and not (part[1] and _share(part) >= 0.2):
        return None
    facts = {"training_documents_under": part[0], "training_documents": part[1], "limit": LOW_OCR, "f1_lost": drop}
    actions = (
        task("read again", "Read these pages again, with the other engine: `workbench ocr`", "minutes", screen=""),
        Action("ocr noise", "Train with some reading errors", RETRAIN, changes={"augmentation.ocr_noise": 0.02}),
    )
    symptom = f"{part[0]} of {part[1]} training documents were read badly by the OCR"
    cause = "They are poor scans or photographs, so words that the model learns from are wrong."
    return Finding("ocr_low", symptom, facts, cause, actions)


def small_evaluation(evidence: Evidence) -> Finding | None:
    """Too few evaluated documents for the digits that are shown."""
    micro, documents = evidence.report.get("micro") or {}, evidence.report.get("documents", 0)
    if not micro.get("ci95"):
        return None
    low, high = micro["ci95"]
    if high - low < 0.12:
        return None
    wanted = round(documents * ((high - low) / 0.1) ** 2)
    facts = {"documents": documents, "f1": micro["f1"], "interval_low": low, "interval_high": high}
    split = evidence.report.get("split", "test")
    title = f"Label about {wanted:,} {split} documents in all: the F1 is then known to about ±0.05"
    action = labelling("more evaluated documents", title, "labelling time", split=split)
    measured = _number(documents, "document")
    symptom = (
        f"Only {measured} {'was' if documents == 1 else 'were'} measured: F1 is somewhere from {low:.2f} to {high:.2f}"
    )
    # so few that no other finding can be relied on
    severity = Severity.PROBLEM if documents < _FEW_DOCUMENTS or high - low >= _WIDE else Severity.HINT
    cause = "Until more documents are labelled for measuring, no figure and no finding here is sure."
    return Finding("small_evaluation", symptom, facts, cause, (action,), severity)


def rule_hurts(evidence: Evidence) -> Finding | None:
    """A post-processing rule that breaks more than it repairs."""
    effects: Mapping[str, Mapping[str, Any]] = evidence.report.get("postprocess") or {}
    bad = {name: effect for name, effect in effects.items() if repair_rules.verdict(effect) < 0}
    if not bad:
        return None
    facts = {
        f"{name} {what}": effect[what]
        for name, effect in bad.items()
        for what in ("repaired", "broke", "f1_without", "f1_with")
    }
    actions = tuple(
        Action(
            f"switch off {name}",
            f"Switch the rule {name} off",
            "seconds, no training",
            Target.POSTPROCESS,
            {name: False},
        )
        for name in bad
    )
    phrases = tuple(
        f"{name}: {e['repaired']} repaired, {e['broke']} broken, F1 {e['f1_with'] - e['f1_without']:+.3f}"
        for name, e in bad.items()
    )
    symptom = f"A repair rule breaks more values than it repairs: {', '.join(bad)}"
    cause = "It does not suit these documents or this model, and is left out unless you switched it on yourself."
    return Finding("rule_hurts", symptom, facts, cause, actions, Severity.HINT, phrases)


RULES: tuple[Rule, ...] = (
    amounts_confused,
    values_cut,
    languages,
    new_templates,
    class_imbalance,
    few_examples,
    split_leakage,
    label_noise,
    missing_vendor,
    ocr_low,
    small_evaluation,
    rule_hurts,
)
