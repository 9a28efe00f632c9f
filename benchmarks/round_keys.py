"""Keys per document in round 1, 2, 3 …: does the loop make labelling cheaper?

    python benchmarks/round_keys.py [--workspace DIR] [--strategy combined] [--seed 0] [--rounds 3] [--documents 10]

DIR is the workspace of benchmarks/relabel_loop.py: its simulated loop has chosen the documents of every round and has
a model for each. The annotator of benchmarks/keystrokes.py labels each round's batch in the real annotate screen, with
the suggestions that the round's own model makes of those documents through the product's rules and its floor of
confidence; beside it the same documents without suggestions. Round 0 is the documents that the loop began with, before
there was a model. Prints one JSON object.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from keystrokes import count, figures  # noqa: E402

from storage import documents  # noqa: E402
from storage.documents import NewDocument  # noqa: E402
from storage.exceptions import RunProblem  # noqa: E402
from storage.records import Content, Page  # noqa: E402
from workbench.active_learning.simulation_worker import Simulator  # noqa: E402
from workbench.predictions import run_reader, suggestions  # noqa: E402
from workbench.workspace import Workspace  # noqa: E402

Proposals = dict[int, list[suggestions.Proposal]]


def untrained(run: Path) -> None:
    """Nothing is trained here."""
    raise RunProblem(f"The loop has not got as far as {run.name}.", "Run benchmarks/relabel_loop.py first.")


def labelled_again(contents: list[Content], proposals: Proposals, folder: Path) -> dict[str, Any]:
    """The keys that these documents take, unlabelled and with these suggestions."""
    workspace = Workspace.create(folder)
    try:
        new = [
            NewDocument(
                d.name, d.source, d.digest, d.format, tuple(Page(p.number, p.width, p.height, p.tokens) for p in pages),
                d.language, d.group, suggestions=tuple((*one, "model") for one in proposals.get(d.id, [])),
            )
            for d, pages in ((content.document, content.pages) for content in contents)
        ]  # fmt: skip
        with workspace.db.write() as connection:
            documents.add(connection, new, "benchmark")
        golds = [{s.field: tuple(sorted(s.tokens)) for s in content.annotations.spans} for content in contents]
        order = [field.id for field in workspace.schema]
        golds = [{name: gold[name] for name in order if name in gold} for gold in golds]
        keys, right = asyncio.run(count(workspace, golds))
    finally:
        workspace.close()
    return {**figures(keys), "right": f"{sum(right)}/{len(right)}"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, default=Path(tempfile.gettempdir()) / "relabel-loop")
    parser.add_argument("--strategy", default="combined")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--documents", type=int, default=10, help="of each round at most")
    given = parser.parse_args()
    folders = sorted((given.workspace / "simulations").glob("*/plan.json"), key=lambda path: path.stat().st_mtime)
    if not folders:
        raise SystemExit(f"There is no simulation in {given.workspace}: run benchmarks/relabel_loop.py first.")
    workspace = Workspace.open(given.workspace)
    rounds = []
    with tempfile.TemporaryDirectory() as scratch:

        def measured(turn: int, ids: tuple[int, ...], proposals: Proposals) -> dict[str, Any]:
            with workspace.db.read() as connection:
                contents = [documents.open_document(connection, number) for number in ids[: given.documents]]
            plain = labelled_again(contents, {}, Path(scratch) / f"{turn}-plain")
            with_model = labelled_again(contents, proposals, Path(scratch) / f"{turn}") if proposals else None
            return {"round": turn, "documents": len(contents), "plain": plain, "with_model": with_model}

        simulator = Simulator(folders[-1].parent, untrained)
        for turn, one in enumerate(simulator.rounds(given.strategy, given.seed)):
            if turn == 0:
                rounds.append(measured(0, one.labelled, {}))
            if turn == given.rounds:
                break
            taught = run_reader.fields_labelled(one.folder, "train")
            everything = suggestions.trust_of(workspace.settings, None)
            trust = replace(everything, fields=tuple(f for f in everything.fields if f.id in taught))
            pool = run_reader.stream_cases(one.folder, "pool")
            proposals = {case.document: suggestions.proposals(case, trust) for case in pool}
            rounds.append({**measured(turn + 1, one.chosen, proposals), "labels": len(one.labelled), "f1": one.f1})
    workspace.close()
    print(json.dumps(rounds, indent=2))


if __name__ == "__main__":
    main()
