"""A run's report against its own stored predictions, computed again by other programs.

    python benchmarks/recompute.py RUN-FOLDER

Every stretch of words is tried as a value (the program finds the best without trying), seqeval counts spans, a plain
loop the exact values and the whole documents. Prints each figure with the report's and the other one; ends with
status 1 where two differ by more than one millionth.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2
from sklearn.metrics import accuracy_score

from workbench.fields import FieldType, values
from workbench.runs.config.request import Request

JOINED = ("party", "address", "text")


def spans(tags: list[str]) -> list[tuple[str, list[int]]]:
    """(field, words) of strict IOB2 tags."""
    values: list[tuple[str, list[int]]] = []
    for number, tag in enumerate(tags):
        if tag[0] == "B":
            values.append((tag[2:], [number]))
        elif tag[0] == "I" and values and values[-1][0] == tag[2:] and values[-1][1][-1] == number - 1:
            values[-1][1].append(number)
    return values


def read(chances: np.ndarray, labels: list[str], pages: list[int], once: list[str]) -> list[str]:
    """The tags of the values in a document, after the definition in workbench/predictions/value_spans.py."""
    count, fields = len(pages), sorted({label[2:] for label in labels if label != "O"})
    begins = {f: chances[:, labels.index(f"B-{f}")].astype(float) for f in fields}
    goes_on = {f: chances[:, labels.index(f"I-{f}")].astype(float) for f in fields}
    stretches = []
    for f in fields:
        share = begins[f] + goes_on[f]
        other = np.max([begins[g] + goes_on[g] for g in fields if g != f], axis=0)
        otherwise = np.maximum(other, chances[:, labels.index("O")].astype(float))
        named = (share > 0) & (share >= np.exp(-3) * otherwise)
        odds = np.where(named, np.clip(np.log(np.maximum(share, 1e-9) / np.maximum(otherwise, 1e-6)), -3, 3), -3)
        lean = np.where(named, np.log((begins[f] + 0.01) / (goes_on[f] + 0.01)), 0.0)
        # a word that is another field's (likelier than this one and than none) is not this one's
        free = ~((other > chances[:, labels.index("O")]) & (other > share))
        while (share[free] > otherwise[free]).any():
            best = (0.0, 0, 0)
            for start in np.flatnonzero(named & free):
                score = odds[start] + min(0.0, lean[start])
                for stop in range(start, count):
                    if stop > start:
                        cut = pages[stop] != pages[stop - 1] or (
                            f not in once and begins[f][stop] > max(goes_on[f][stop], otherwise[stop])
                        )
                        if cut or not free[stop]:
                            break
                        score += odds[stop] - max(0.0, lean[stop])
                    if named[stop]:
                        best = min(best, (-round(score, 9), stop + 1, int(start)))
            if best[0] >= 0:
                break
            stretches.append((best[0], best[2], best[1], f))
            free[best[2] : best[1]] = False
    tags, had = ["O"] * count, set()
    for _, start, stop, f in sorted(stretches):
        if f not in had and set(tags[start:stop]) == {"O"}:
            tags[start:stop] = [f"B-{f}"] + [f"I-{f}"] * (stop - start - 1)
            had |= {f} & set(once)
    return tags


def all_tags(path: Path) -> list[str]:
    """Every tag in a file of documents."""
    return [tag for row in pq.read_table(path, columns=["tags"])["tags"].to_pylist() for tag in row or ()]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    kept = json.loads((folder / "report.json").read_text(encoding="utf-8"))["evaluation"]
    types = {field.id: FieldType(field.type) for field in Request.read(folder).fields}
    data = {row["document"]: row for row in pq.read_table(folder / "dataset" / f"{kept['split']}.parquet").to_pylist()}
    stored = pq.read_table(folder / "predictions.parquet")
    once = json.loads((stored.schema.metadata or {}).get(b"once", b"[]"))
    tagged = [tag for path in (folder / "dataset").glob("*.parquet") for tag in all_tags(path)]
    asked = {tag[2:] for tag in tagged if tag != "O"}
    plain: list[list[str]] = []  # the likeliest tag of every word
    gold, predicted, right, exact = [], [], [], {name: [0, 0] for name in kept["fields"]}
    for row in stored.to_pylist():
        if row["split"] != kept["split"] or data[row["document"]]["tags"] is None:
            continue
        words, truth = data[row["document"]]["words"], data[row["document"]]["tags"]
        chances = np.frombuffer(row["probabilities"], "<f2").reshape(len(words), -1)
        likeliest = [row["labels"][best] for best in chances.argmax(axis=1)]
        plain.append([tag if tag[2:] in asked else "O" for tag in likeliest])
        named = read(chances, row["labels"], data[row["document"]]["pages"], once)
        named = [tag if tag[2:] in asked else "O" for tag in named]
        gold.append(truth)
        predicted.append(named)
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
    counted = classification_report(gold, predicted, mode="strict", scheme=IOB2, output_dict=True, zero_division=0)
    flat = [[tag for tags in side for tag in tags] for side in (gold, plain)]
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
