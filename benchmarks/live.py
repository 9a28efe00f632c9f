"""What the learner brings: fields that are right before they are touched, on receipts_en labelled one by one.

    python benchmarks/live.py [--seeds 3] [--documents 60] [--own]   # prequential, in this process
    python benchmarks/live.py --keys [--own]                         # keys a receipt, with and without the learner
    python benchmarks/live.py --kills 20                             # it is killed while receipts are labelled
    python benchmarks/live.py --process [--documents 60]             # its own process: how soon, how much memory
    python benchmarks/live.py --classes [--documents 600]            # the sentences of claims, by their class

The receipts come in an order drawn by the seed, so that vendors are mixed; each is accepted with its right labels, and
what stood on it before is compared with them by its words, as the learner itself does (`workbench/live/record.py`).
`base` is what the starter and the rules suggest without a learner, `head` what was learned alone, `shown` what stood on
the document when it was opened, with what is carried over from labelled documents then. `--own` gives the four fields
other ids and names, so that the starter knows none of them; of keys, two of them (the date and the total).
"""

import argparse
import asyncio
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from storage import document_list, documents, label_queries, queue
from storage.document_list import Filter
from storage.records import Annotations, Source, Span, State
from storage.suggestions import class_shares, suggestions_of
from workbench.annotation.classes import label_many
from workbench.annotation.classes.label_many import Choice
from workbench.annotation.editor import DocumentEditor
from workbench.annotation.session import AnnotationSession
from workbench.evaluation import prediction_process
from workbench.exchange import pipeline
from workbench.exchange.sources import ImportRequest
from workbench.fields import Field, FieldType, Schema, colours
from workbench.live import record
from workbench.live.client import LiveClient
from workbench.live.messages import Look
from workbench.workspace import Workspace

DATA = Path(os.environ.get("WORKBENCH_REALDATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
BLOCKS = ((0, 10), (10, 30), (30, 60))
OWN = {
    "seller_name": ("shop", FieldType.TEXT),
    "seller_address": ("where", FieldType.TEXT),
    "invoice_date": ("day", FieldType.DATE),
    "amount_total": ("paid", FieldType.AMOUNT),
}
"""Field of the receipts -> id and type of a field that the starter does not know."""
TWO = ("invoice_date", "amount_total")
AHEAD = 20
Labels = dict[int, list[tuple[str, tuple[int, ...]]]]


def prepared(folder: Path, *, own: bool) -> tuple[Workspace, Labels]:
    """A workspace of the receipts without their labels, and the labels."""
    workspace = Workspace.create(folder)
    pipeline.run(workspace, ImportRequest((DATA / "receipts_en",), ocr=False))
    labels: Labels = {}
    with workspace.db.read() as connection:
        for number in document_list.ids(connection, Filter("labelled")):
            spans = documents.open_document(connection, number).annotations.spans
            labels[number] = [(OWN[s.field][0] if own else s.field, s.tokens) for s in spans if s.field in OWN]
    for number in labels:
        DocumentEditor(workspace, number).act("clear", Annotations())
    if not own:
        prediction_process.suggest(workspace)  # as an analyst would without a learner
    if own:
        fields = (Field(i, i.title(), kind, i[0], colours.SKY_BLUE) for i, kind in OWN.values())
        workspace.change_settings(schema=Schema(tuple(fields)))
    return workspace, labels


def accept(workspace: Workspace, number: int, labels: Labels) -> None:
    """Give a document its right labels, in one act."""
    spans = frozenset(Span(field, tokens, Source.HUMAN, "benchmark") for field, tokens in labels[number])
    DocumentEditor(workspace, number).act("finish", Annotations(spans=spans, state=State.LABELLED))


def prequential(folder: Path, seed: int, count: int, *, own: bool) -> tuple[record.Record, list[float]]:
    """The record after so many receipts, and how long the learner took for each (seconds of this process)."""
    import torch

    from workbench.training.learner.workspace_learner import WorkspaceLearner

    torch.set_num_threads(1)
    workspace, labels = prepared(folder, own=own)
    order = sorted(labels)
    random.Random(seed).shuffle(order)
    learner, seconds = WorkspaceLearner(workspace), []
    for position, number in enumerate(order[:count]):
        following = order[position + 1 : position + 1 + AHEAD]
        AnnotationSession.open(workspace, number)  # what is carried over is suggested
        for _ in zip(learner.steps(Look(number, following), lambda: False), range(8), strict=False):
            pass
        accept(workspace, number, labels)
        began = time.process_time()
        learner.update()
        next(learner.steps(Look(following[0], following[1:]), lambda: False), None)
        seconds.append(time.process_time() - began)
    kept = record.read(workspace.files.learner_record)
    workspace.close()
    return kept, seconds


def share(kept: Iterable[dict[str, record.Outcome]], reader: str) -> float:
    """Of the fields of these documents, those that a reader was right about."""
    right = [getattr(outcome, reader) for outcomes in kept for outcome in outcomes.values()]
    return sum(right) / (len(right) or 1)


def quality(seeds: Iterable[int], count: int, *, own: bool) -> None:
    """A line for each part of the documents, the mean over the seeds."""
    kept: list[list[dict[str, record.Outcome]]] = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as temporary:
            result, seconds = prequential(Path(temporary) / "workspace", seed, count, own=own)
        kept.append(list(result.documents.values()))
        late = sorted(seconds[30:] or seconds)
        fitting = {"median": round(statistics.median(late), 3), "p95": round(late[int(0.95 * (len(late) - 1))], 3)}
        print(json.dumps({"seed": seed, "cpu_seconds_a_label_from_31": fitting}), flush=True)
    for first, last in BLOCKS:
        if not (parts := [row[first:last] for row in kept if row[first:last]]):
            continue
        line = f"documents {first + 1:>2}–{last}:"
        for reader in ("base", "head", "shown"):
            shares = [share(part, reader) for part in parts]
            line += f"  {reader} {statistics.mean(shares):.3f} ({min(shares):.3f}–{max(shares):.3f})"
        print(line, flush=True)


class InlineLearner:
    """Stands in the application where the client does: it has learned before the next key is pressed."""

    def __init__(self, workspace: Workspace) -> None:
        from workbench.training.learner.workspace_learner import WorkspaceLearner

        self._learner = WorkspaceLearner(workspace)
        self.enabled = True

    def pressed(self) -> None:
        """Keys are counted by the simulated annotator."""

    def notes(self) -> list[str]:
        return []

    def end(self) -> None:
        """There is no process."""

    def look(self, document: int | None, following: Sequence[int]) -> None:
        self._learner.update()
        for _ in zip(self._learner.steps(Look(document, list(following)), lambda: False), range(8), strict=False):
            pass


def keys(count: int, own: Sequence[str]) -> None:
    """Keys a receipt of a simulated annotator at the real screen, with the starter's suggestions, with and without.

    Args:
        count: receipts.
        own: of the four fields, those under names that the starter does not know; then only with the learner.
    """
    import screens.app
    from benchmarks import keystrokes

    client = screens.app.LiveClient
    with tempfile.TemporaryDirectory() as temporary:
        receipts = keystrokes.imported(DATA / "receipts_en", Path(temporary) / "all", keystrokes.FOUR)
        random.Random(4).shuffle(receipts)
        receipts = [(c, {OWN[f][0] if f in own else f: t for f, t in gold.items()}) for c, gold in receipts[:count]]
        golds = [gold for _, gold in receipts]
        for name, live in [("with", InlineLearner)] if own else [("without", client), ("with", InlineLearner)]:
            workspace = keystrokes.prepared(Path(temporary) / name, receipts, "none")
            four = [field for field in workspace.schema if field.id in keystrokes.FOUR and field.id not in own]
            named = (OWN[field] for field in own)
            four += [Field(i, i.title(), kind, k, colours.SKY_BLUE) for (i, kind), k in zip(named, "xz", strict=False)]
            workspace.change_settings(schema=Schema(tuple(four)))
            prediction_process.suggest(workspace)
            screens.app.LiveClient = live
            pressed, right = asyncio.run(keystrokes.count(workspace, golds))
            workspace.close()
            parts = {f"{first + 1}-{last}": pressed[first:last] for first, last in BLOCKS if pressed[first:last]}
            row = {part: statistics.mean(counted) for part, counted in parts.items()}
            medians = {f"median {part}": statistics.median(counted) for part, counted in parts.items()}
            print(json.dumps({"learner": name, **row, **medians, "right": sum(right)}), flush=True)


def soon(count: int) -> None:
    """How soon after a label the suggestions of the next documents know it, with a process of its own."""
    with tempfile.TemporaryDirectory() as temporary:
        workspace, labels = prepared(Path(temporary) / "workspace", own=True)
        client = LiveClient(workspace)
        client.enabled = True
        order = sorted(labels)
        random.Random(0).shuffle(order)
        began, waits = time.monotonic(), []
        client.look(order[0], order[1:AHEAD])
        while not any(workspace.files.features.glob("*/*.npy")):
            time.sleep(0.05)
        print(json.dumps({"start_to_first_features_s": round(time.monotonic() - began, 1)}), flush=True)
        time.sleep(3)  # as long as it takes to label the first receipt
        for position, number in enumerate(order[:count]):
            accept(workspace, number, labels)
            began = time.monotonic()
            client.look(order[position + 1], order[position + 2 : position + 2 + AHEAD])
            before = _offers(workspace, order[position + 2 : position + 7])
            while (now := time.monotonic()) < began + 3 and _offers(
                workspace, order[position + 2 : position + 7]
            ) == before:
                time.sleep(0.01)
            waits.append(now - began)
            time.sleep(1.0)
        changed = sorted(wait for wait in waits if wait < 3)
        memory = _resident_mb(client.process)
        client.end()
        workspace.close()
    print(
        json.dumps(
            {
                "labels": count, "changed_suggestions": len(changed), "median_s": round(statistics.median(changed), 2),
                "p95_s": round(changed[int(0.95 * (len(changed) - 1))], 2), "learner_mb": memory,
            }
        )
    )  # fmt: skip


def classes(seeds: Iterable[int], count: int) -> None:
    """Sentences right before they were labelled, the mean over their classes, and of the pool what is believed then."""
    import torch

    from workbench.training.learner.workspace_learner import WorkspaceLearner

    torch.set_num_threads(1)
    parts = [(0, 20), (20, 100), (100, 200), (200, 500), (500, count)]
    shown: dict[tuple[int, int], list[float]] = {part: [] for part in parts}
    for seed in seeds:
        with tempfile.TemporaryDirectory() as temporary:
            workspace, gold = prepared_sentences(Path(temporary) / "workspace")
            field = workspace.schema.classes[0]
            order = sorted(gold)
            random.Random(seed).shuffle(order)
            learner, seconds = WorkspaceLearner(workspace), []
            for position, number in enumerate(order[:count]):
                following = order[position + 1 : position + 1 + AHEAD]
                began = time.process_time()
                learner.update()
                steps = learner.steps(Look(number, following), lambda: False)
                for _ in zip(steps, range(3), strict=False):
                    pass
                seconds.append(time.process_time() - began)
                if position in (100, 500):
                    learned = time.process_time()
                    for _ in steps:
                        pass
                    pool = believed(workspace, field.id, order[position:])
                    print(
                        json.dumps(
                            {
                                "seed": seed, "labels": position, "pool_balanced": round(balanced(pool, gold), 3),
                                "cpu_seconds_for_the_pool": round(time.process_time() - learned, 1),
                            }
                        ),
                        flush=True,
                    )  # fmt: skip
                label_many.label(workspace, field, {number: Choice((gold[number],))}, {})
            learner.update()
            kept = record.read(workspace.files.learner_record).documents
            for first, last in parts:
                right = {n: kept[n][field.id].shown for n in order[first:last] if n in kept}
                shown[first, last].append(balanced(right, gold))
            late = sorted(seconds[50:])
            figures = {"median": round(statistics.median(late), 3), "p95": round(late[int(0.95 * (len(late) - 1))], 3)}
            print(json.dumps({"seed": seed, "cpu_seconds_a_label_from_51": figures}), flush=True)
            workspace.close()
    for (first, last), shares in shown.items():
        print(
            f"labels {first + 1:>3}–{last}:  shown {statistics.mean(shares):.3f} ({min(shares):.3f}–{max(shares):.3f})"
        )


def prepared_sentences(folder: Path) -> tuple[Workspace, dict[int, str]]:
    """A workspace of the sentences without their labels, and the labels."""
    workspace = Workspace.create(folder)
    pipeline.run(workspace, ImportRequest((DATA / "claims" / "train.jsonl",), ocr=False))
    field = workspace.schema.classes[0]
    with workspace.db.read() as connection:
        gold = {number: options[0] for number, options in label_queries.classified(connection, field.id).items()}
    label_many.label(workspace, field, dict.fromkeys(gold, Choice()), {})
    return workspace, gold


def believed(workspace: Workspace, field: str, numbers: Sequence[int]) -> dict[int, dict[str, float]]:
    """Document -> {option: probability}, as stored."""
    with workspace.db.read() as connection:
        return {n: shares for n, (_, shares) in class_shares(connection, field, numbers).items()}


def balanced(answers: Mapping[int, bool | dict[str, float]], gold: Mapping[int, str]) -> float:
    """The mean over the classes of the share that is right; answers are probabilities, or whether it was right."""
    right: dict[str, list[bool]] = {}
    for number, answer in answers.items():
        is_right = answer if isinstance(answer, bool) else max(answer, key=answer.__getitem__) == gold[number]
        right.setdefault(gold[number], []).append(is_right)
    return statistics.mean(sum(listed) / len(listed) for listed in right.values())


def killed(kills: int) -> None:
    """The learner's process is killed at random moments while receipts are labelled: what is lost, what comes back."""
    chance = random.Random(0)
    with tempfile.TemporaryDirectory() as temporary:
        workspace, labels = prepared(Path(temporary) / "workspace", own=True)
        client = LiveClient(workspace)
        client.enabled = True
        order = sorted(labels)
        chance.shuffle(order)
        done, hits, ends = 0, 0, time.monotonic()
        while hits < kills:
            client.look(order[done], order[done + 1 : done + 1 + AHEAD])
            time.sleep(chance.uniform(0.5, 3.0))
            accept(workspace, order[done], labels)
            done += 1
            if time.monotonic() > ends and (process := client.process):
                os.kill(process, signal.SIGKILL)
                hits += 1
                ends = time.monotonic() + chance.choice([0.0, 2.0, 6.0, 15.0])
        began = time.monotonic()
        with workspace.db.read() as connection:
            before = queue.stamp(connection)[1]  # the newest suggestion
        now = before
        while now == before and time.monotonic() < began + 120:
            client.look(order[done], order[done + 1 : done + 1 + AHEAD])
            time.sleep(2)
            accept(workspace, order[done], labels)
            done += 1
            with workspace.db.read() as connection:
                now = queue.stamp(connection)[1]
        back = time.monotonic() - began
        client.end()
        with workspace.db.read() as connection:
            kept = label_queries.labels(connection, order[:done])
        lost = sum(kept[number] != set(labels[number]) for number in order[:done])
        workspace.close()
    print(json.dumps({"kills": hits, "labelled": done, "lost": lost, "suggestions_back_after_s": round(back, 1)}))


def _offers(workspace: Workspace, numbers: Iterable[int]) -> list[object]:
    with workspace.db.read() as connection:
        return [[s.id for s in suggestions_of(connection, number)] for number in numbers]


def _resident_mb(process: int | None) -> int:
    """Resident memory that is the process's own (Linux)."""
    status = Path(f"/proc/{process}/status").read_text() if process else ""
    return next((int(row.split()[1]) // 1024 for row in status.splitlines() if row.startswith("VmRSS")), 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--documents", type=int, default=60)
    parser.add_argument("--own", action="store_true", help="fields that the starter does not know")
    parser.add_argument("--process", action="store_true", help="measure the learner's process")
    parser.add_argument("--keys", action="store_true", help="count keys at the screen instead")
    parser.add_argument("--classes", action="store_true", help="sentences with classes instead of receipts")
    parser.add_argument("--kills", type=int, default=0, help="kill the learner's process so often instead")
    options = parser.parse_args()
    if options.classes:
        classes(range(options.first_seed, options.first_seed + options.seeds), max(options.documents, 600))
    elif options.process:
        soon(options.documents)
    elif options.keys:
        keys(options.documents, TWO if options.own else ())
    elif options.kills:
        killed(options.kills)
    else:
        seeds = range(options.first_seed, options.first_seed + options.seeds)
        quality(seeds, options.documents, own=options.own)


if __name__ == "__main__":
    main()
