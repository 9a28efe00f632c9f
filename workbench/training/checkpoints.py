"""Checkpoints that can be trusted: sealed once complete, checked before they are resumed from."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from storage.files import digest_of

SEAL = "complete.json"


def seal(checkpoint: Path) -> None:
    """Write down what a complete checkpoint consists of, so that a torn or changed one is known later."""
    sums = {path.name: digest_of(path) for path in sorted(checkpoint.iterdir()) if _counts(path)}
    draft = checkpoint / f"{SEAL}.part"
    draft.write_text(json.dumps(sums), encoding="utf-8")
    draft.replace(checkpoint / SEAL)


def newest(folder: Path, note: Callable[[str], None]) -> Path | None:
    """The newest checkpoint that is as it was sealed; others are set aside, with a note for each."""
    complete = sorted(
        (path for path in folder.glob("checkpoint-*") if path.name.rpartition("-")[2].isdigit()),
        key=lambda path: int(path.name.rpartition("-")[2]),
        reverse=True,
    )
    for path in complete:
        fault = problem(path)
        if fault is None:
            return path
        note(f"{path.name} cannot be resumed from ({fault}): the one before it is taken.")
        # Out of the Trainer's sight, or it would take it for one of its own.
        shutil.rmtree(path, ignore_errors=True)
    return None


def problem(checkpoint: Path) -> str | None:
    """What is wrong with a checkpoint; None when nothing is."""
    try:
        sums = json.loads((checkpoint / SEAL).read_text(encoding="utf-8"))
        for name, digest in sums.items():
            if digest_of(checkpoint / name) != digest:
                return f"{name} is damaged"
    except FileNotFoundError as error:
        return f"{Path(str(error.filename)).name} is missing"
    except (OSError, ValueError) as error:
        return str(error)
    return None


def best_metric(checkpoint: Path | None) -> float | None:
    """The best selection figure so far, as the checkpoint's Trainer state knows it."""
    if checkpoint is None:
        return None
    state = json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    metric = state.get("best_metric")
    return None if metric is None else float(metric)


def _counts(path: Path) -> bool:
    # The random states of other ranks may still be on their way.
    return path.is_file() and not path.name.startswith(("rng_state_", SEAL))
