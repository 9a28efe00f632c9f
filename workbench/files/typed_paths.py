"""Paths as people type them: `~` leads home, and what no file can be called is refused."""

import errno
import os
from pathlib import Path

from storage.exceptions import UsageProblem

_SHOWN = 60  # characters of a name that is refused
_DEEPEST = 500  # folders in one another: Python makes each in a call of its own, of which it has a thousand
_NO_NAME = (errno.ENAMETOOLONG, errno.ELOOP)


def expanded(name: str) -> Path:
    """A path in which `~` and `~user` lead home; of a user that there is none of it stays as it is."""
    return Path(os.path.expanduser(name))  # noqa: PTH111 - Path.expanduser raises where there is no such user


def is_too_deep(path: Path) -> bool:
    """Whether a path has more folders in one another than can be made."""
    return len(path.parts) > _DEEPEST


def typed(text: str) -> Path:
    """The path that was typed, whether something is there or not.

    Raises:
        UsageProblem: no file can have this name, or so many folders, or this user may not see whether there is one.
    """
    path = expanded(text)
    if is_too_deep(path):
        raise UsageProblem(f"{text[:_SHOWN]}… has too many folders in one another.", "Name a shorter one.")
    try:
        path.lstat()
    except ValueError as error:  # a zero byte, or half a character
        raise UsageProblem("This is no name that a file can have.", "Name another one.") from error
    except PermissionError as error:
        raise UsageProblem(f"{text[:_SHOWN]} is in a folder that you may not read.", "Name another place.") from error
    except OSError as error:
        if error.errno in _NO_NAME:
            raise UsageProblem(
                f"{text[:_SHOWN]}… is no name that a file can have: {error.strerror}.", "Name a shorter one."
            ) from error
    return path
