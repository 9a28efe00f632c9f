"""`-` on the command line: standard input as a file, and a file as standard output."""

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from pathlib import Path

from storage.exceptions import InputProblem, WorkbenchError
from storage.files import TEMPORARY, temporary_folder

STREAM = Path("-")
_PART, _HEAD = 1 << 20, 1 << 24  # bytes

_SIGNATURES = {
    b"%PDF": ".pdf", b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"II*\0": ".tif", b"MM\0*": ".tif",
    b"PAR1": ".parquet", b"PK": ".zip", b"<": ".xml",
}  # fmt: skip
"""How files begin whose format goes by their ending."""


def by_name(text: str) -> str:
    """A message or a result that calls what came from standard input that, and not the file it was kept in."""
    if "/stdin" not in text:  # nor is a folder for temporary files looked for, which a full disk has none of
        return text
    kept = rf"(?:/private)?{re.escape(tempfile.gettempdir())}/{TEMPORARY}stdin-[^/\s]+/stdin(?:\.[a-z]+)?"
    return re.sub(kept, "standard input", text)


@contextmanager
def files_of(paths: Sequence[Path], most: int) -> Iterator[tuple[Path, ...]]:
    """The paths, with what standard input holds in place of `-`, as a file named `stdin` that is deleted afterwards.

    Args:
        paths: as they were named.
        most: bytes that standard input may have.

    Raises:
        InputProblem: standard input is closed, or has more.
    """
    if STREAM not in paths:
        yield tuple(paths)
        return
    with temporary_folder("stdin") as folder:
        file = folder / "stdin"
        _keep(file, most)
        with file.open("rb") as written:
            ending = _ending(written.read(_HEAD))
        file = file.rename(folder / f"stdin{ending}")
        try:
            yield tuple(file if path == STREAM else path for path in paths)
        except WorkbenchError as error:
            error.message, error.remedy = by_name(error.message), by_name(error.remedy)
            raise


def _keep(file: Path, most: int) -> None:
    """Write standard input into a file.

    Raises:
        InputProblem: it is closed, or has more bytes than `most`.
    """
    if None in (sys.stdin, sys.__stdin__):  # it was closed by who started this program
        raise InputProblem("Standard input is closed.", "Send something to it: `… | workbench import -`.")
    with file.open("wb") as target:
        while part := sys.stdin.buffer.read(min(_PART, most + 1 - target.tell())):
            target.write(part)
            if target.tell() > most:
                raise InputProblem(
                    f"Standard input has more than {most / 1e6:,.0f} MB (file_bytes under [limits] in workbench.toml).",
                    "Write it into files of a smaller size.",
                )


@contextmanager
def output_of(path: Path, ending: str = "") -> Iterator[Path]:
    """Where to write: the path, or for `-` a file (with this ending) that goes to standard output when it is whole."""
    if path != STREAM:
        yield path
        return
    if sys.stdout is None:  # it was closed by who started this program
        raise InputProblem("Standard output is closed.", "Name a file.")
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
