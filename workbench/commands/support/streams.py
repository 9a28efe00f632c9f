"""`-` on the command line: standard input as a file, and a file as standard output."""

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from pathlib import Path

from storage.files import temporary_folder

STREAM = Path("-")

_SIGNATURES = {
    b"%PDF": ".pdf", b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"II*\0": ".tif", b"MM\0*": ".tif",
    b"PAR1": ".parquet", b"PK": ".zip", b"<": ".xml",
}  # fmt: skip
"""How files begin whose format goes by their ending."""


@contextmanager
def files_of(paths: Sequence[Path]) -> Iterator[tuple[Path, ...]]:
    """The paths, with what standard input holds in place of `-`, as a file named `stdin` that is deleted afterwards."""
    if STREAM not in paths:
        yield tuple(paths)
        return
    content = sys.stdin.buffer.read()
    with temporary_folder("stdin") as folder:
        file = folder / f"stdin{_ending(content)}"
        file.write_bytes(content)
        yield tuple(file if path == STREAM else path for path in paths)


@contextmanager
def output_of(path: Path, ending: str = "") -> Iterator[Path]:
    """Where to write: the path, or for `-` a file (with this ending) that goes to standard output when it is whole."""
    if path != STREAM:
        yield path
        return
    with temporary_folder("stdout") as folder:
        file = folder / f"stdout{ending}"
        yield file
        with file.open("rb") as written:
            shutil.copyfileobj(written, sys.stdout.buffer)
        sys.stdout.buffer.flush()


def reserved(is_stream: bool) -> AbstractContextManager[object]:
    """Where standard output is the file that was asked for, what is printed goes to standard error."""
    return redirect_stdout(sys.stderr) if is_stream else nullcontext()


def _ending(content: bytes) -> str:
    known = next((ending for begin, ending in _SIGNATURES.items() if content.startswith(begin)), None)
    if known:
        return known
    first, _, rest = content.lstrip().partition(b"\n")
    if first.startswith(b"{") and first.rstrip().endswith(b"}") and rest.lstrip()[:1] in (b"{", b""):
        return ".jsonl"
    return ".json" if first[:1] in (b"{", b"[") else ".txt"
