"""A run's folder in pieces, as it goes to a node of a Ray cluster and back."""

from pathlib import Path

import pytest

from workbench.remote import ray_node
from workbench.remote.agent import files_of


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 20, 35])
def test_files_of_any_size_arrive_as_they_were_with_one_piece_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(ray_node, "PIECE_BYTES", 10)
    there, here = tmp_path / "there", tmp_path / "here"
    for name, content in (("a", b"first"), ("b/c", bytes(range(size))), ("b/d", b""), ("e", b"last")):
        (there / name).parent.mkdir(parents=True, exist_ok=True)
        (there / name).write_bytes(content)
    pieces = list(ray_node.pieces(files_of(there)))
    assert max(sum(len(content) for _, _, content in piece) for piece in pieces) <= 10
    for piece in pieces:
        ray_node.lay(here, piece)
    assert {name: path.read_bytes() for name, path in files_of(here)} == {
        name: path.read_bytes() for name, path in files_of(there)
    }


@pytest.mark.parametrize("name", ["../request.yaml", "/etc/passwd", "model/../../x"])
def test_nothing_is_written_outside_a_runs_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="no path within"):
        ray_node.lay(tmp_path / "run", [(name, 0, b"x")])
    assert not list(tmp_path.iterdir())


def test_a_part_that_begins_behind_what_came_fills_no_disk(tmp_path: Path) -> None:
    ray_node.lay(tmp_path, [("model", 0, b"ab"), ("model", 2, b"cd")])
    assert (tmp_path / "model").read_bytes() == b"abcd"
    for name in ("model", "another"):
        with pytest.raises(ValueError, match="missing"):
            ray_node.lay(tmp_path, [(name, 1 << 40, b"e")])
    assert (tmp_path / "model").stat().st_size == 4


def test_a_node_refuses_to_start_what_did_not_come_whole_and_leaves_nothing(tmp_path: Path) -> None:
    node = ray_node.Node()
    folder = Path(node.begin()[1])
    node.take([("request.yaml", 0, b"run: r")])
    assert node.start({"request.yaml": "0" * 64, "dataset/train.parquet": "0" * 64}, 1, {}) == [
        "request.yaml",
        "dataset/train.parquet",
    ]
    node.end()
    assert not folder.exists()
