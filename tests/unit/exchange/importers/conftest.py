"""Reading a file the way the pipeline does."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbench.exchange import detection
from workbench.exchange.reading.clean import clean
from workbench.exchange.reading.incoming import Incoming, Options, Rejected

Read = Callable[..., tuple[list[Incoming], list[Rejected]]]


@pytest.fixture
def put(tmp_path: Path) -> Callable[[str, Any], Path]:
    """Write a file of the import root: bytes and text as they are, anything else as JSON."""

    def put(name: str, data: Any) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(data, bytes):
            path.write_bytes(data)
        else:
            path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
        return path

    return put


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Detect, read and clean a file: (documents, rejections)."""

    def read(path: Path, expect: str = "", **options: Any) -> tuple[list[Incoming], list[Rejected]]:
        importer = detection.detect(path)
        assert importer is not None, detection.unrecognised(path)
        if expect:
            assert importer.name == expect
        chosen = Options(options.pop("root", tmp_path), **options)
        good: list[Incoming] = []
        bad: list[Rejected] = []
        for item in importer.read(path, chosen):
            cleaned = clean(item, chosen) if isinstance(item, Incoming) else item
            (good if isinstance(cleaned, Incoming) else bad).append(cleaned)  # type: ignore[arg-type]
        return good, bad

    return read
