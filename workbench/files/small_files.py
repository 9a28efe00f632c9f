"""Small JSON files of a workspace or a run, which may have come from elsewhere: bounded, and checked."""

from pathlib import Path
from typing import Any, TypeVar

import msgspec

from storage.exceptions import InputProblem
from storage.files import read_regular

T = TypeVar("T")


def read(path: Path, kind: type[T], remedy: str) -> T:
    """The content of a small JSON file.

    Raises:
        InputProblem: it is gone, no regular file, larger than any such file, no JSON, or of another kind; with the
            remedy.
    """
    return checked(path, _content(path, remedy), kind, remedy)


def read_as_it_is(path: Path, kind: type[object], remedy: str) -> Any:
    """The same as dictionaries and lists, with all that this version does not know.

    Raises:
        InputProblem: as `read`.
    """
    content = _content(path, remedy)
    checked(path, content, kind, remedy)
    return content


def _content(path: Path, remedy: str) -> Any:
    try:
        return msgspec.json.decode(read_regular(path))
    except OSError as error:
        raise InputProblem(f"{path} cannot be read: {error.strerror or error}.", remedy) from error
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise InputProblem(f"{path} is damaged: {str(error)[:200]}.", remedy) from error


def checked(path: Path, content: object, kind: type[T], remedy: str) -> T:
    """Content of a file as a kind of record.

    Raises:
        InputProblem: it is none; with the remedy.
    """
    try:
        return msgspec.convert(content, kind, str_keys=True)  # JSON has no other keys
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as error:
        raise InputProblem(f"{path} is damaged: {str(error)[:200]}.", remedy) from error
