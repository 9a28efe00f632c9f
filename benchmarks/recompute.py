"""A run's report against its own stored predictions, computed again by other programs.

    python benchmarks/recompute.py RUN-FOLDER

numpy reads the probabilities, seqeval counts spans, a plain loop the exact values and the whole documents. Prints each
figure with the report's and the other one; ends with status 1 where two differ by more than one millionth.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2
from sklearn.metrics import accuracy_score

from workbench import values
from workbench.config import Request
from workbench.fields import FieldType

JOINED = ("party", "address", "text")


def spans(tags: list[str]) -> list[tuple[str, list[int]]]:
    """(field, words) of strict IOB2 tags."""
    found: list[tuple[str, list[int]]] = []
    for number, tag in enumerate(tags):
        if tag[0] == "B":
            found.append((tag[2:], [number]))
        elif tag[0] == "I" and found and found[-1][0] == tag[2:] and found[-1][1][-1] == number - 1:
            found[-1][1].append(number)
    return found


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    kept = json.loads((folder / "report.json").read_text(encoding="utf-8"))["evaluation"]
    types = {field.id: FieldType(field.type) for field in Request.read(folder).fields}
    data = {row["document"]: row for row in pq.read_table(folder / "dataset" / f"{kept['split']}.parquet").to_pylist()}
    gold, found, right, exact = [], [], [], {name: [0, 0] for name in kept["fields"]}
    for row in pq.read_table(folder / "predictions.parquet").to_pylist():
        if row["split"] != kept["split"] or data[row["document"]]["tags"] is None:
            continue
        words, truth = data[row["document"]]["words"], data[row["document"]]["tags"]
        chances = np.frombuffer(row["probabilities"], "<f2").reshape(len(words), -1)
        named = [row["labels"][best] for best in chances.argmax(axis=1)]
        named = [tag if tag == "O" or tag[2:] in kept["fields"] else "O" for tag in named]
        gold.append(truth)
        found.append(named)
        whole = True
        for name in kept["fields"]:
            texts = []  # (confidence, first word, text) of what was found; then what is labelled
            for tags in (named, truth):
                places = [at for field, at in spans(tags) if field == name]
                columns = [number for number, label in enumerate(row["labels"]) if label[2:] == name]
                sure = [float(chances[at][:, columns].astype(float).sum(axis=1).clip(max=1).mean()) for at in places]
                text = [" ".join(words[i] for i in at) for at in places]
                if text and types[name].value in JOINED:
                    texts.append([" ".join(text)])
                else:
                    order = sorted(range(len(text)), key=lambda n: (-sure[n], places[n][0]))
                    texts.append([text[n] for n in order])
            given, wanted = texts
            good = bool(given) and any(t == given[0] or values.same(types[name], t, given[0]) for t in wanted)
            if wanted:
                exact[name] = [exact[name][0] + good, exact[name][1] + 1]
            if (wanted or given) and not good:
                whole = False
        right.append(whole)
    counted = classification_report(gold, found, mode="strict", scheme=IOB2, output_dict=True, zero_division=0)
    flat = [[tag for tags in side for tag in tags] for side in (gold, found)]
    pairs = {
        "documents": (kept["documents"], len(gold)),
        "token accuracy": (kept["token_accuracy"], accuracy_score(*flat)),
        "documents right": (kept["documents_right"], float(np.mean(right))),
    }
    for ours, theirs in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score")):
        pairs[f"micro {ours}"] = (kept["micro"][ours], counted["micro avg"][theirs])
    for name, row in kept["fields"].items():
        pairs[f"{name} f1"] = (row["f1"], counted[name]["f1-score"])
        pairs[f"{name} value"] = (row["value_exact_match"], exact[name][0] / exact[name][1])
    wrong = 0
    for name, (ours, theirs) in pairs.items():
        same = abs(ours - theirs) < 1e-6
        wrong += not same
        print(f"{name:26} {ours:.6f} {theirs:.6f} {'' if same else 'DIFFERENT'}")
    print(f"{len(pairs)} figures, {wrong} differ")
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
