"""Which document a row of a table means: by its path, its name with or without suffix, and never by a guess."""

from collections.abc import Iterable

from workbench.exchange.reading.parsing import PICTURES
from workbench.fields.plain_text import normal_form

_DOCUMENTS = (".pdf", *PICTURES)
_LISTED = 4  # candidates that a message names

Parts = tuple[str, ...]


def folded(name: str) -> str:
    """The form in which names of files are compared: a Mac writes accents as marks of their own."""
    return normal_form("NFC", name).casefold()


class DocumentNames:
    """The documents of a workspace by what tables call them.

    Args:
        documents: (document, name, source) of each.
        ignore_folders: the folders of a table's paths do not count.
    """

    def __init__(self, documents: Iterable[tuple[int, str, str]], *, ignore_folders: bool = False) -> None:
        self._ignore_folders = ignore_folders
        self._by_file: dict[str, list[int]] = {}
        self._by_name: dict[str, list[int]] = {}
        self._paths: dict[int, Parts] = {}
        self._sources: dict[int, str] = {}
        for number, name, source in documents:
            path, plain = _parts(source), _parts(name)
            self._sources[number] = source or name
            self._paths[number] = plain if len(plain) > 1 else path
            if path:
                self._by_file.setdefault(path[-1], []).append(number)
            for key in {folded(name), plain[-1] if plain else ""}:
                self._by_name.setdefault(key, []).append(number)

    def find(self, file: str) -> tuple[int | None, str]:
        """(the document, "") of a row's file; (None, why there is none, or which documents it may be)."""
        wanted = _parts(file)
        elsewhere: list[int] = []
        for key in dict.fromkeys((folded(file.strip()), *((wanted[-1], _stem(wanted[-1])) if wanted else ()))):
            named = dict.fromkeys((*self._by_name.get(key, ()), *self._by_file.get(key, ())))
            shared = {number: 0 if self._ignore_folders else self._shared_folders(number, wanted) for number in named}
            most = max(shared.values(), default=-1)
            matches = [number for number in named if shared[number] == most >= 0]
            if len(matches) == 1:
                return matches[0], ""
            if matches:
                return None, f"'{file}' may mean {self._listed(matches)}: write the folder before the name"
            elsewhere += (number for number in named if number not in elsewhere)
        if elsewhere:
            where = self._listed(elsewhere)
            return None, f"there is no '{file}', but {where} (--ignore-folders takes the name alone)"
        return None, f"there is no document named '{file}' in the workspace"

    def _shared_folders(self, number: int, wanted: Parts) -> int:
        """How many folders above the file a row and a document share; -1 where one differs."""
        path = self._paths[number]
        suffix = _suffix(path[-1]) if path else ""
        if suffix and suffix not in (_suffix(wanted[-1]), *_DOCUMENTS):  # words in a file beside the document's own
            return 0
        pairs = list(zip(reversed(path[:-1]), reversed(wanted[:-1]), strict=False))
        return len(pairs) if all(folder == other for folder, other in pairs) else -1

    def _listed(self, numbers: list[int]) -> str:
        names = [self._sources[number] for number in numbers[:_LISTED]]
        more = f" and {len(numbers) - _LISTED} more" if len(numbers) > _LISTED else ""
        return ", ".join(names) + more


def _parts(path: str) -> Parts:
    parts: list[str] = []
    for part in folded(path.strip()).replace("\\", "/").split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in ("", ".", ".."):
            parts.append(part)
    return tuple(parts)


def _suffix(name: str) -> str:
    return name[len(_stem(name)) :]


def _stem(name: str) -> str:
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem else name
