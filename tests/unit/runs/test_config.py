"""The handbook's file loads as it is; what is wrong is named; every setting can be shown."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.exceptions import ConfigProblem
from workbench.runs.config import files, presets, safe_yaml, setting_descriptions
from workbench.runs.config.request import FieldSpec, Request
from workbench.runs.config.tune import TuneConfig

HANDBOOK = """
model:          {name: microsoft/layoutlmv3-base, max_position_embeddings: 512, classifier_dropout: 0.2}
train:          {learning_rate: 3.0e-5, weight_decay: 0.01, warmup_ratio: 0.10, num_train_epochs: 10,
                 per_device_train_batch_size: 4, per_device_eval_batch_size: 4, gradient_accumulation_steps: 8,
                 fp16: true, gradient_checkpointing: true, lr_scheduler_type: cosine, logging_steps: 50,
                 evaluation_strategy: steps, eval_steps: 500, save_steps: 500,
                 load_best_model_at_end: true, metric_for_best_model: f1}
regularization: {label_smoothing_factor: 0.1, attention_probs_dropout_prob: 0.1, hidden_dropout_prob: 0.2}
data:           {max_length: 512, window_stride: 64, bbox_norm: 1000}
"""


def test_the_handbook_file_loads_as_it_is() -> None:
    loaded = files.load(HANDBOOK)
    assert loaded.model.family == "layoutlmv3"
    assert loaded.train.eval_strategy == "steps"
    assert loaded.train.learning_rate == pytest.approx(3e-5)
    assert loaded.regularization.label_smoothing_factor == pytest.approx(0.1)
    for section, values in yaml.safe_load(HANDBOOK).items():
        for name, value in values.items():
            name = {"evaluation_strategy": "eval_strategy"}.get(name, name)
            assert getattr(getattr(loaded, section), name) == value


@pytest.mark.parametrize(
    ("old", "key", "value"),
    [
        ("train: {optim: adamw_torch, no_cuda: true}", "train.device", "cpu"),
        ("train: {group_by_length: false}", "data.similar_length", False),
        ("train: {label_smoothing_factor: 0.1}", "regularization.label_smoothing_factor", 0.1),
        ("train: {report_to: none}", "train.report_to", []),
        ("train: {output_dir: x, logging_dir: y, save_safetensors: true, seed: 7}", "train.seed", 7),
        ("train: {learning_rate: 3e-5}", "train.learning_rate", 3e-5),
        ("train: {push_to_hub: true, hub_model_id: a/b, hub_token: secret}", "train.hub_model_id", "a/b"),
        ("train:\ndata: {stride: 32}", "data.window_stride", 32),
    ],
)  # fmt: skip
def test_names_of_other_tools_are_understood(old: str, key: str, value: object) -> None:
    section, _, name = key.partition(".")
    assert getattr(getattr(files.load(old), section), name) == value


def test_what_is_decided_elsewhere_is_told() -> None:
    assert files.notes_on("train: {output_dir: x, seed: 1}") == ["train.output_dir was read over: the run folder."]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train: {learning_rat: 1e-5}", "did you mean train.learning_rate?"),
        ("train: {hidden_dropout_prob: 0.1}", "did you mean regularization.hidden_dropout_prob?"),
        ("trian: {seed: 1}", "did you mean train?"),
        ("train: {learning_rate: 5}", "less than or equal to 0.1"),
        ("train: {num_train_epochs: many}", "train.num_train_epochs"),
        ("data: {window_stride: 510}", "overlap wholly"),
        ("data: {max_length: 1024}", "512 positions"),
        ("data: {bbox_norm: 999}", "data.bbox_norm"),
        ("model: {hidden_size: 770}", "not a multiple of model.num_attention_heads (12)"),
        ("train: {fp16: true, device: cpu}", "does not work on a CPU"),
        ("train: {fp16: true, bf16: true}", "cannot both be on"),
        ("data: {long_texts: head_and_tail}", "is for classes"),
        ("model: {head_start: regression}", "is for classes"),
        ("{task: classes, model: {family: baseline}, train: {cut: f1}}", "the baseline is a regression by itself"),
        ("{task: classes, train: {back_to_start: 0.5, fsdp: full_shard}}", "the whole model in one place"),
        ("train: {eval_strategy: steps, eval_steps: 300, save_steps: 500}", "must be a multiple"),
        ("[1, 2]", "mapping"),
        ("train: [1]", "train"),
        ("train: {a: [}", "not YAML"),
        ("model: {family: bert}", "model.family"),
    ],
)
def test_what_cannot_be_is_explained(text: str, message: str) -> None:
    with pytest.raises(ConfigProblem) as caught:
        files.load(text)
    assert message in caught.value.message
    assert caught.value.remedy


NAME = st.text(st.characters(categories=("L", "N", "P")), min_size=1)


@settings(deadline=None, max_examples=25)
@given(
    st.floats(1e-7, 0.1), st.integers(1, 64), st.sampled_from(["none", "inverse", {"O": 0.3}]), st.booleans(),
    st.dictionaries(NAME, NAME, max_size=2),
)  # fmt: skip
def test_what_is_dumped_loads_to_the_same(
    rate: float, batch: int, weights: object, lines: bool, mapped: dict[str, str]
) -> None:
    made = files.from_dict(
        {
            "model": {"head_map": mapped, "added_tokens": ["<AMT>"]},
            "train": {"learning_rate": rate, "per_device_train_batch_size": batch},
            "regularization": {"class_weights": weights},
            "data": {"merge_lines": lines},
        }
    )
    assert files.load(files.dump(made)) == made
    request = Request(run="r", fields=[FieldSpec(id="a")], config=made)
    assert Request.model_validate(yaml.safe_load(request.text())) == request


def test_another_family_leaves_the_base_of_the_one_before_behind_unless_one_is_named() -> None:
    before = files.apply_sets(TuneConfig(), ["task=classes", "model.name=bert-base-uncased"])
    assert (before.model.family, before.model.name) == ("text", "bert-base-uncased")
    assert files.apply_sets(before, ["model.family=embedded"]).model.name == TuneConfig().model.name
    assert files.apply_sets(before, ["model.family=text"]).model.name == "bert-base-uncased"
    assert files.apply_sets(TuneConfig(), ["model.name=/base", "model.family=lilt"]).model.name == "/base"


def test_sets_change_one_thing_each() -> None:
    before = TuneConfig()
    after = files.apply_sets(
        before,
        [
            "train.learning_rate=3e-5",
            "train.evaluation_strategy=steps",
            "model.name=bert-base-uncased",
            "train.report_to=[wandb]",
        ],
    )
    assert files.difference(before, after) == {
        "model.family": ("starter", "text"),
        "model.name": ("", "bert-base-uncased"),
        "train.learning_rate": (5e-5, 3e-5),
        "train.eval_strategy": ("epoch", "steps"),
        "train.report_to": ([], ["wandb"]),
    }
    assert files.apply_sets(after, ["train.bf16=true", "train.bf16="]) == after
    for wrong in (
        "train.learning_rate",
        "learning_rate=1",
        "train.=1",
        "train.learning_rate=x",
        "train.lerning_rate=1",
    ):
        with pytest.raises(ConfigProblem):
            files.apply_sets(before, [wrong])


def test_every_setting_can_be_shown() -> None:
    settings = setting_descriptions.settings()
    defaults = TuneConfig().model_dump(mode="json")
    assert {k.key for k in settings} == {f"{s}.{n}" for s, values in defaults.items() for n in values}
    assert [k.group for k in settings] == sorted(k.group for k in settings)
    for setting in settings:
        section, _, name = setting.key.partition(".")
        assert setting.default == defaults[section][name]
        assert setting.does and setting.title
        assert setting.type != "choice" or str(setting.default) in setting.choices
    rate = next(k for k in settings if k.key == "train.learning_rate")
    assert (rate.type, rate.low, rate.high, rate.basic) == ("float", 0, 0.1, True)
    assert rate.when and rate.risk
    structure = [k for k in settings if k.key in ("model.hidden_size", "model.num_hidden_layers", "model.vocab_size")]
    assert all("new model" in k.risk and k.optional and k.default is None for k in structure)


def test_presets_follow_the_size_of_the_data() -> None:
    assert presets.choose_preset(20, 20) == "first model"
    assert presets.choose_preset(400, 400) == "A"
    assert presets.choose_preset(400, 400, "cuda") == "A"
    assert presets.choose_preset(9_000, 20_000, "cuda") == "B"
    assert presets.choose_preset(90_000, 200_000, "cuda") == "C"
    assert presets.preset("First-Model").config.regularization.hidden_dropout_prob == 0
    assert presets.preset("A").config.model.family == "starter"
    small = presets.preset("a", "cuda").config
    assert small.model.family == "layoutlmv3"
    assert 32 <= small.train.per_device_train_batch_size * small.train.gradient_accumulation_steps <= 64
    with pytest.raises(ConfigProblem, match="no preset"):
        presets.preset("D")


def test_the_configuration_is_light() -> None:
    heavy = ("torch", "transformers", "datasets", "sklearn", "modAL", "numpy")
    modules = ("config.request", "config.draft", "windows", "parquet", "augmentation", "jobs")
    names = ", ".join(f"workbench.runs.{module}" for module in modules)
    code = f"import sys, {names}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert done.stdout.strip() == "[]"


def _bomb(begin: str, link: str) -> str:
    """Nine lines that stand for nine to the ninth values."""
    lines = [f"a: &a {begin}"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} " + link.replace("_", ", ".join(f"*{before}" for _ in range(9))))
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (_bomb("[x]", "[_]"), "more than 20,000 values (line 6)"),
        (_bomb("{x: 1}", "{<<: [_]}"), "more than 20,000 values"),
        ("a: &a [*a]", "*a stands for nothing before it (line 1)"),
        ("train:\n  seed: 2024-13-45", "Line 2: train.seed: '2024-13-45'"),
        ("train:\n  seed: 190:20:30", "Line 2: train.seed: '190:20:30'"),
        ("train:\n  seed: " + "9" * 5000, "4300 digits"),
        ("train: " + "[" * 3000 + "]" * 3000, "nested too deeply"),
        ("train: 3", "Line 1: train: 3"),
        ("1: {2: 3}", "1 is not a setting"),
        ("train:\n  seed: !!timestamp foo", "can be used"),
        (
            "train:\n\n  lerning_rate: 3",
            "Line 3: train.lerning_rate is not a setting; did you mean train.learning_rate?",
        ),
        ("data:\n  seed: 1\ntrain:\n  evaluation_strategy: bogus", "Line 4: train.eval_strategy: 'bogus'"),
        ("train:\n  seed: [" + "7, " * 5000 + "]", "Line 2: train.seed: [7, 7, 7"),
    ],
)
def test_a_wrong_shape_is_one_short_message_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ConfigProblem) as caught:
        files.load(text)
    assert message in caught.value.message
    assert len(caught.value.message) < 300


@pytest.mark.parametrize("value", ["190:20:30", "2024-13-45", "9" * 5000, "[" * 3000, "&a [*a]", "\0"])
def test_a_set_of_a_wrong_shape_is_refused(value: str) -> None:
    with pytest.raises(ConfigProblem) as caught:
        files.apply_sets(TuneConfig(), [f"train.seed={value}"])
    assert len(caught.value.message) < 600


def test_numbers_are_read_as_before() -> None:
    config = files.load("train: {learning_rate: 3e-5, seed: 0x10, weight_decay: .5, num_train_epochs: 1_0}")
    assert (config.train.learning_rate, config.train.seed, config.train.num_train_epochs) == (3e-5, 16, 10)


def test_a_file_in_latin_1_is_a_problem_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "tune.yaml").write_bytes("train: {seed: 1}  # für".encode("latin-1"))
    for read in (files.load, files.notes_on):
        with pytest.raises(ConfigProblem, match="cannot be read"):
            read(tmp_path / "tune.yaml")


def test_a_request_that_is_a_bomb_is_a_problem_of_the_run(tmp_path: Path) -> None:
    no_type = "run: r\nfields: [{id: total, type: amox_t}]"
    for text in (_bomb("[x]", "[_]"), "run: r\nfields: []\nconfig: 5", "run: \xe4", no_type):
        (tmp_path / "request.yaml").write_bytes(text.encode("latin-1"))
        with pytest.raises(ConfigProblem):
            Request.read(tmp_path)


def test_a_configuration_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblem, match="no regular file"):
        files.load(Path("/dev/zero"))
    (tmp_path / "tune.yaml").write_bytes(b"#" * 1_000_001)
    with pytest.raises(ConfigProblem, match="larger"):
        files.load(tmp_path / "tune.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "a: &x {b: [1, 2.5, ~, yes]}\nc: *x\n",
        "a: 190:20:30\nb: 2024-13-45\nc: 1_0",
        "a: |\n  x\n  y\n",
        '"\\u00e4": "ß"',
    ],
)
def test_libyaml_reads_what_the_parser_in_python_reads(text: str) -> None:
    plain, fast = safe_yaml._loaded(text, safe_yaml._Loader), safe_yaml._loaded(text, safe_yaml._FastLoader)
    assert fast == plain == safe_yaml.load(text)


def test_a_mistake_in_yaml_is_shown_at_its_place() -> None:
    with pytest.raises(ConfigProblem, match=r"line 2, column 4:\n    b: \[1, 2\n       \^"):
        safe_yaml.load("a: 1\nb: [1, 2\n")
