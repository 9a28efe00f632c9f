"""Model folders of others: what is hostile, broken or not whole is refused by name, before anything is built."""

import base64
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storage.exceptions import InputProblem, RunProblem, WorkbenchError
from tests.support import model_folder, workspaces
from workbench.evaluation import prediction_process
from workbench.runs import jobs, transfer
from workbench.runs.config import families
from workbench.runs.model_folders import check
from workbench.runs.model_folders.configuration import MODEL_TYPES
from workbench.runs.state import RunFolder
from workbench.workspace import Workspace

CONFIGS: list[tuple[dict[str, Any], str]] = [
    ({"num_attention_heads": 0}, "num_attention_heads is 0"),
    ({"num_attention_heads": 3}, "does not divide"),
    ({"hidden_act": "explode"}, "explode"),
    ({"hidden_act": ["gelu"]}, "hidden_act"),
    ({"id2label": ["O", "B-a"]}, "id2label"),
    ({"id2label": {"0": "O", "7": "B-a"}}, "id2label"),
    ({"id2label": {"0": 1}}, "id2label"),
    ({"id2label": {"0": "O", "1": "B-\ud800"}}, "no text"),
    ({"id2label": {str(number): f"B-{number}" for number in range(100_001)}}, "the limit is 10,000"),
    ({"id2label": {"0": "O", "1": "B-a"}}, "3 rows"),
    ({"quantization_config": {"quant_method": "bitsandbytes", "load_in_8bit": True}}, "quantization_config"),
    ({"num_hidden_layers": 10**9}, "num_hidden_layers"),
    ({"num_hidden_layers": -5}, "num_hidden_layers is -5"),
    ({"num_hidden_layers": 3}, "2 layers"),
    ({"num_hidden_layers": True}, "num_hidden_layers"),
    ({"hidden_size": "8"}, "hidden_size"),
    ({"hidden_size": 16}, "config.json says"),
    ({"vocab_size": 10**7}, "vocab_size"),
    ({"vocab_size": 50}, "config.json says"),
    ({"intermediate_size": 1.5}, "intermediate_size"),
    ({"max_position_embeddings": 1024}, "config.json says"),
    ({"max_2d_position_embeddings": 100}, "max_2d_position_embeddings"),
    ({"pad_token_id": 9}, "pad_token_id"),
    ({"hidden_dropout_prob": 7}, "hidden_dropout_prob"),
    ({"layer_norm_eps": float("nan")}, "layer_norm_eps"),
    ({"model_type": "llama"}, "llama"),
    ({"model_type": None}, "None"),
    ({"model_type": ["layoutlm"]}, "cannot be used"),
    ({"auto_map": {"AutoModel": "evil.Model"}}, "auto_map"),
    ({"text_config": {"auto_map": {"AutoModel": "evil.Model"}}}, "auto_map"),
    ({"attn_implementation": "someone/kernel"}, "attention of its own"),
    ({"_attn_implementation": {"": "someone/kernel"}}, "attention of its own"),
    ({"_attn_implementation_internal": "someone/kernel:forward"}, "attention of its own"),
    ({"kernel_config": {"RMSNorm": "someone/kernel"}}, "kernel_config"),
]


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def with_file(name: str, content: bytes | str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def with_weights(change: Callable[[dict[str, tuple[int, ...]]], None]) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        weights = model_folder.shapes()
        change(weights)
        model_folder.write_weights(folder / "model.safetensors", weights)

    return act


def header(content: bytes, rest: int = 0) -> bytes:
    return len(content).to_bytes(8, "little") + content + bytes(rest)


def with_decoy(folder: Path) -> None:
    """A weights index that names a pickle, beside safetensors that are not the model's."""
    (folder / "model.safetensors").rename(folder / "decoy.safetensors")
    (folder / "pytorch_model.bin").write_bytes(b"pickle")
    names = dict.fromkeys(model_folder.shapes(), "pytorch_model.bin")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))


def with_tokenizer(**changes: Any) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        path = folder / "tokenizer.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return act


def one_after_the_other(*steps: dict[str, Any]) -> Callable[[Path], None]:
    return with_tokenizer(normalizer={"type": "Sequence", "normalizers": list(steps)})


def table_of_characters(table: bytes) -> Callable[[Path], None]:
    return one_after_the_other(
        {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(table).decode()}, {"type": "Lowercase"}
    )


DOUBLED = {"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}
BETWEEN = {"type": "Replace", "pattern": {"Regex": "(?=a)"}, "content": "a"}
REAL = ({"type": "Replace", "pattern": {"String": "``"}, "content": '"'}, {"type": "NFKD"}, {"type": "Lowercase"},
        {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
        {"type": "Prepend", "prepend": "_"})  # fmt: skip
WEIGHTS = "model.safetensors"
QUERY = "layoutlm.encoder.layer.1.attention.self.query.weight"
FILES: list[tuple[Callable[[Path], None], str]] = [
    (without("config.json"), "no config.json"),
    (without("tokenizer.json"), "no tokenizer"),
    (with_file("tokenizer.json", "{}"), "no tokenizer"),
    (lambda folder: os.mkfifo(folder / "added_tokens.json"), "no regular file"),
    (with_file("tokenizer.json", "{"), "cannot be read"),
    (with_file("tokenizer_config.json", '{"auto_map": {"AutoTokenizer": ["evil.T", null]}}'), "auto_map"),
    (with_file("config.json", "[" * 100_000), "cannot be read"),
    (with_file("config.json", '{"a":' * 50 + "1" + "}" * 50), "nested"),
    (with_file("config.json", '{"num_hidden_layers": ' + "9" * 5000 + "}"), "cannot be read"),
    (with_file("config.json", "[]"), "no table"),
    (with_file("adapter_config.json", '{"base_model_name_or_path": "someone/else"}'), "adapter"),
    (without(WEIGHTS), "no weights"),
    (with_decoy, "pytorch_model.bin"),
    (with_file("model.safetensors.index.json", '{"weight_map": {"a": "../../secret.safetensors"}}'), "outside"),
    (with_file(WEIGHTS, b""), "damaged"),
    (with_file(WEIGHTS, header(b"{}")), "no weights"),
    (with_file(WEIGHTS, header(b"{{")), "cannot be read"),
    (with_file(WEIGHTS, header(b"[]")), "no table"),
    (with_file(WEIGHTS, (2**62).to_bytes(8, "little") + b"{}"), "damaged"),
    (with_file(WEIGHTS, header(b'{"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 4]}}', 4)), "damaged at 'a'"),
    (with_file(WEIGHTS, header(b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}', 9)), "not as long"),
    (with_file(WEIGHTS, header(b'{"a": {"dtype": "F32", "shape": [-1, -1], "data_offsets": [0, 4]}}', 4)), "damaged"),
    (with_weights(lambda weights: weights.clear()), "no weights"),
    (with_weights(lambda weights: weights.update({f"x.{n}": (0,) for n in range(20_001)})), "it names 20,0"),
    (one_after_the_other(*[DOUBLED] * 30), "10,000 times as long"),
    (one_after_the_other({"type": "Sequence", "normalizers": [BETWEEN] * 30}), "10,000 times as long"),
    (one_after_the_other({"type": "Prepend", "prepend": "a" * 20_000}), "10,000 times as long"),
    (table_of_characters(b""), "table of characters"),
    (table_of_characters((400).to_bytes(4, "little") + bytes(40)), "table of characters"),
    (table_of_characters((4).to_bytes(4, "little") + bytes(4) + b"\xff"), "table of characters"),
    (with_weights(lambda weights: weights.update({QUERY: (4, 8)})), "4 × 8"),
    (with_weights(lambda weights: weights.pop("layoutlm.embeddings.word_embeddings.weight")), "no word embeddings"),
    (with_weights(lambda weights: weights.pop("classifier.weight")), "never fine-tuned"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return model_folder.write(tmp_path / "model")


def test_a_whole_folder_passes_and_so_does_what_comes_with_the_program(folder: Path) -> None:
    check.check_folder(folder, fine_tuned=True)
    check.check_folder(families.STARTER_FOLDER, fine_tuned=True)
    for family in families.FAMILIES.values():
        for base in family.bases:
            check.check_name(base.name)
    assert "layoutlmv3" in MODEL_TYPES


@pytest.mark.parametrize(("change", "reason"), CONFIGS, ids=[str(change)[:40] for change, _ in CONFIGS])
def test_a_configuration_out_of_bounds_is_refused(folder: Path, change: dict[str, Any], reason: str) -> None:
    model_folder.write(folder, **change)
    with pytest.raises(InputProblem) as problem:
        check.check_folder(folder, fine_tuned=True)
    assert reason in problem.value.message and problem.value.remedy


@pytest.mark.parametrize(("damage", "reason"), FILES, ids=[f"{i}-{reason[:20]}" for i, (_, reason) in enumerate(FILES)])
def test_files_that_are_missing_damaged_or_of_another_model_are_refused(
    folder: Path, damage: Callable[[Path], None], reason: str
) -> None:
    damage(folder)
    with pytest.raises(InputProblem) as problem:
        check.check_folder(folder, fine_tuned=True)
    assert reason in problem.value.message and problem.value.remedy


def test_a_tokenizer_may_replace_as_those_of_real_models_do(folder: Path) -> None:
    one_after_the_other(*REAL)(folder)
    check.check_folder(folder, fine_tuned=True)
    table_of_characters((4).to_bytes(4, "little") + bytes(4) + b"a\0")(folder)
    check.check_folder(folder, fine_tuned=True)


def test_a_configuration_of_gigabytes_is_not_read_into_memory(folder: Path) -> None:
    with (folder / "config.json").open("r+b") as file:
        file.truncate(1 << 40)
    with pytest.raises(InputProblem, match="too large"):
        check.check_folder(folder)
    assert families.base("layoutlm", str(folder)) is None
    assert families.infer(str(folder))


def test_a_base_may_lack_the_head_that_fine_tuning_makes(folder: Path) -> None:
    with_weights(lambda weights: weights.pop("classifier.weight"))(folder)
    check.check_folder(folder)


@pytest.fixture
def workspace(tmp_path: Path) -> Any:
    workspace = workspaces.workspace(tmp_path / "ws")
    yield workspace
    workspace.close()


NO_MODELS = ["../../etc", "/etc", "./nowhere", "~/nowhere", "a/b/c", "..", "a b", "x" * 5000 + "/"]


@pytest.mark.parametrize("name", NO_MODELS, ids=range(len(NO_MODELS)))
def test_a_run_is_not_started_from_what_is_no_model(
    workspace: Workspace, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")  # "..": not what is beside this checkout, or what other tests left there
    config = workspaces.config(tmp_path)
    with pytest.raises(WorkbenchError, match=r"no model folder|positions"):
        jobs.prepare(workspace, config.model_copy(update={"model": config.model.model_copy(update={"name": name})}))
    assert list(workspace.files.runs.iterdir()) == []


def test_no_command_takes_a_hostile_folder(workspace: Workspace, tmp_path: Path) -> None:
    """Predict, suggest, evaluate and `tune --from` ask `model_of`; `tune` prepares; `runs import` adopts."""
    run_id = workspaces.finished_run(workspace, tmp_path, name="first")
    hostile = RunFolder(workspace.files.run(run_id)).model
    copy = tmp_path / "copy"
    shutil.copytree(workspace.files.run(run_id), copy)
    for model in (hostile, copy / "model"):
        model_folder.write(model, num_hidden_layers=10**9)
    for name in (run_id, "best", str(hostile)):
        with pytest.raises(InputProblem, match="num_hidden_layers"):
            prediction_process.model_of(workspace, name)
    with pytest.raises(InputProblem, match="num_hidden_layers"):
        jobs.prepare(workspace, workspaces.config(hostile))
    elsewhere = workspaces.workspace(tmp_path / "other", {"train": 0, "validation": 0, "test": 0, "pool": 0})
    with pytest.raises(InputProblem, match="num_hidden_layers"):
        transfer.adopt(elsewhere, copy)
    assert not elsewhere.files.run(run_id).exists()


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("report.json", b'{"evaluation": {"postprocess": {"iob_repair": {"repaired": "=1+1"}}}}', "postprocess"),
        ("report.json", b'{"evaluation": {"micro": {"f1": 1e400}}}', "micro.f1"),
        ("report.json", b'{"readers": {"total": {"agree 3": [1]}}}', "readers"),
        ("report.json", b'{"classes": {"accuracy": 0.5}}', "classes"),
        ("report.json", b'{"evaluation": {"\\ud800": 1}, "readers": {"\\ud800": 1}}', "report.json"),
        ("suggestions.jsonl", b'{"document": 1, "name": "a", "words": 3}', "suggestions.jsonl"),
        ("suggestions.jsonl", b'{"document": 1, "name": "\xff', "suggestions.jsonl"),
        (
            "suggestions.jsonl",
            b'{"document": 1, "name": "a", "words": 3, "proposals": [["amount_total", [3], 0.9]]}',
            "words that",
        ),
    ],
)
def test_a_damaged_file_of_an_imported_run_is_named(
    workspace: Workspace, tmp_path: Path, file: str, content: bytes, reason: str
) -> None:
    """It is refused, or taken in as a run that did not end well; it never ends the program."""
    run_id = workspaces.finished_run(workspace, tmp_path, name="first")
    shutil.copytree(workspace.files.run(run_id), tmp_path / "copy")
    (tmp_path / "copy" / file).write_bytes(content)
    elsewhere = workspaces.workspace(tmp_path / "other", {"train": 0, "validation": 0, "test": 0, "pool": 0})
    try:
        message = transfer.adopt(elsewhere, tmp_path / "copy").reason
    except InputProblem as problem:
        message = problem.message
    assert reason in message
    elsewhere.close()


@pytest.mark.parametrize(
    "name", ["request.yaml", "report.json", "lock", "waiting", "events.jsonl", "suggestions.jsonl"]
)
def test_a_run_folder_with_a_pipe_is_refused_and_not_waited_for(
    workspace: Workspace, tmp_path: Path, name: str
) -> None:
    run_id = workspaces.finished_run(workspace, tmp_path, name="first")
    shutil.copytree(workspace.files.run(run_id), tmp_path / "copy")
    (tmp_path / "copy" / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / "copy" / name)
    with pytest.raises(WorkbenchError, match="no regular file"):
        transfer.adopt(workspace, tmp_path / "copy")


def test_a_run_that_does_not_fit_on_the_disk_is_refused_before_anything_is_copied(
    workspace: Workspace, tmp_path: Path
) -> None:
    """A sparse file of a few bytes on the disk is written out when it is copied."""
    run_id = workspaces.finished_run(workspace, tmp_path, name="first")
    shutil.copytree(workspace.files.run(run_id), tmp_path / "copy")
    with (tmp_path / "copy" / "model" / "notes.bin").open("wb") as file:
        file.truncate(4 << 40)
    elsewhere = workspaces.workspace(tmp_path / "other", {"train": 0, "validation": 0, "test": 0, "pool": 0})
    with pytest.raises(WorkbenchError, match="are free"):
        transfer.adopt(elsewhere, tmp_path / "copy")
    assert not list(elsewhere.files.runs.iterdir())
    elsewhere.close()


def test_an_imported_run_is_not_resumed_from_pickles_of_another_machine(workspace: Workspace, tmp_path: Path) -> None:
    run_id = workspaces.finished_run(workspace, tmp_path, name="first")
    source = tmp_path / "copy"
    shutil.copytree(workspace.files.run(run_id), source)
    RunFolder(source).events.write_text("")  # as if it had been killed
    pickles = source / "checkpoints" / "checkpoint-4"
    pickles.mkdir(parents=True)
    for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth"):
        (pickles / name).write_bytes(b"\x80\x04.")
    elsewhere = workspaces.workspace(tmp_path / "other", {"train": 0, "validation": 0, "test": 0, "pool": 0})
    transfer.adopt(elsewhere, source)
    assert not list(elsewhere.files.run(run_id).rglob("*.pt*"))
    with pytest.raises(RunProblem, match="imported") as problem:
        jobs.resume(elsewhere, run_id)
    assert f"tune --from {run_id}" in problem.value.remedy


@pytest.mark.parametrize("part", ["logs/notes.txt", "logs"])
def test_runs_import_copies_nothing_that_a_link_leads_to_which_came_late(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    run_id = workspaces.finished_run(workspace, tmp_path, name="first")
    source, secret = tmp_path / "copy", tmp_path / "secret" / "logs"
    shutil.copytree(workspace.files.run(run_id), source)
    for folder, text in ((source / "logs", "own"), (secret, "private")):
        folder.mkdir(parents=True)
        (folder / "notes.txt").write_text(text)
    looked = transfer.refuse_links

    def late(folder: Path) -> None:
        looked(folder)
        (source / part).rename(tmp_path / "was")
        (source / part).symlink_to(secret.parent / part)

    monkeypatch.setattr(transfer, "refuse_links", late)
    elsewhere = workspaces.workspace(tmp_path / "other", {"train": 0, "validation": 0, "test": 0, "pool": 0})
    with pytest.raises(InputProblem, match="changed while it was copied"):
        transfer.adopt(elsewhere, source)
    assert not elsewhere.files.run(run_id).exists()


def test_runs_import_and_export_take_nothing_from_outside_the_folder(workspace: Workspace, tmp_path: Path) -> None:
    run_id = workspaces.finished_run(workspace, tmp_path, name="first")
    source = tmp_path / "copy"
    shutil.copytree(workspace.files.run(run_id), source)
    secret = tmp_path / "secret"
    secret.write_text("private")
    elsewhere = workspaces.workspace(tmp_path / "other", {"train": 0, "validation": 0, "test": 0, "pool": 0})
    for name, target in (("model/notes.txt", secret), ("logs", tmp_path), ("dataset/loop", source / "dataset")):
        (source / name).symlink_to(target)
        with pytest.raises(InputProblem, match="link out of its folder"):
            transfer.adopt(elsewhere, source)
        assert not elsewhere.files.run(run_id).exists()
        (source / name).unlink()
    (workspace.files.run(run_id) / "model" / "notes.txt").symlink_to(secret)
    with pytest.raises(InputProblem, match="link out of its folder"):
        transfer.export_model(workspace, run_id, tmp_path / "given")
    assert not (tmp_path / "given").exists()
    (source / "dataset" / "again.parquet").symlink_to(source / "dataset" / "train.parquet")
    transfer.adopt(elsewhere, source)  # a link within the folder is a file like others
