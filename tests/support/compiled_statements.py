"""SQL compiled once for all databases of a process of tests.

Every workspace has an engine of its own, which compiles each statement when it first runs: as long as running it a
hundred times. A program opens one workspace, a test run a thousand.
"""

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine

Key = tuple[Any, ...]


class _OfAnyEngine(MutableMapping[Key, Any]):
    """A cache of compiled statements. A key begins with the engine's dialect, which is SQLite's for all of them."""

    def __init__(self) -> None:
        self._compiled: dict[Key, Any] = {}

    def __getitem__(self, key: Key) -> Any:
        return self._compiled[key[1:]]

    def get(self, key: Key, default: Any = None) -> Any:
        return self._compiled.get(key[1:], default)

    def __setitem__(self, key: Key, compiled: Any) -> None:
        self._compiled[key[1:]] = compiled

    def __delitem__(self, key: Key) -> None:
        del self._compiled[key[1:]]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._compiled)

    def __len__(self) -> int:
        return len(self._compiled)


def share(patch: pytest.MonkeyPatch) -> None:
    """From now on the engines of SQLite files share what they compile."""
    cache = _OfAnyEngine()

    def sharing(url: Any, **options: Any) -> Engine:
        engine = create_engine(url, **options)
        if engine.dialect.name == "sqlite":
            engine.update_execution_options(compiled_cache=cache)
        return engine

    patch.setattr("storage.database.create_engine", sharing)
