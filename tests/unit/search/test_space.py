"""Which settings a search varies, and between which values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.exceptions import ConfigProblem
from workbench.runs.config import presets
from workbench.runs.config.tune import TuneConfig
from workbench.search import space
from workbench.search.space import Dimension

BASE = TuneConfig()


@pytest.mark.parametrize(
    ("text", "dimension"),
    [
        ("train.learning_rate=1e-5..2e-4 log", Dimension("train.learning_rate", 1e-5, 2e-4, log=True)),
        ("train.warmup_ratio=0..0.2", Dimension("train.warmup_ratio", 0, 0.2)),
        ("train.gradient_accumulation_steps = 1..8", Dimension("train.gradient_accumulation_steps", 1, 8, whole=True)),
        ("train.num_train_epochs=3..10", Dimension("train.num_train_epochs", 3, 10, whole=True)),
        ("train.optim=adamw, sgd,adamw", Dimension("train.optim", choices=("adamw", "sgd"))),
        (
            "train.evaluation_strategy=steps,epoch",
            Dimension("train.eval_strategy", choices=("steps", "epoch")),
        ),
    ],
)
def test_a_dimension_is_read_as_it_is_typed_and_written_so(text: str, dimension: Dimension) -> None:
    assert space.parse(text, BASE) == dimension
    assert space.parse(dimension.text(), BASE) == dimension


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train.lerning_rate=1..2", "did you mean train.learning_rate"),
        ("train.learning_rate", "does not say what a setting may be"),
        ("train.learning_rate=2e-4..1e-5", "is no range"),
        ("train.warmup_ratio=0..0.2 log", "logarithmic"),
        ("train.warmup_ratio=0..2", "warmup_ratio"),
        ("train.learning_rate=nan..1", "no end of a range"),
        ("train.learning_rate=a..b", "is not a number"),
        ("train.optim=adamw..sgd", "has no range"),
        ("train.optim=adamw", "two values or more"),
        ("train.optim=adamw,magic", "magic"),
    ],
)
def test_what_cannot_be_varied_is_refused_before_any_run(text: str, message: str) -> None:
    with pytest.raises(ConfigProblem) as caught:
        space.parse(text, BASE)
    assert message in caught.value.message


def test_a_setting_is_varied_once() -> None:
    with pytest.raises(ConfigProblem, match="twice"):
        space.space_of(["train.seed=1,2", "train.seed=3,4"], BASE)


@given(st.floats(1e-5, 2e-4), st.integers(3, 10), st.sampled_from(["linear", "cosine"]))
def test_what_is_proposed_is_what_the_run_gets(rate: float, epochs: int, schedule: str) -> None:
    dimensions = space.space_of(
        ("train.learning_rate=1e-5..2e-4 log", "train.num_train_epochs=3..10", "train.lr_scheduler_type=linear,cosine"),
        BASE,
    )
    values = {
        "train.learning_rate": rate, "train.num_train_epochs": epochs, "train.lr_scheduler_type": schedule
    }  # fmt: skip
    config = space.applied(BASE, dimensions, values)
    assert {dimension.key: dimension.place_of(config) for dimension in dimensions} == values
    unchanged = config.model_copy(update={"train": BASE.train})
    assert unchanged == BASE


def test_a_value_outside_has_no_place() -> None:
    assert space.parse("train.learning_rate=1e-6..1e-5", BASE).place_of(BASE) is None
    assert space.parse("train.optim=sgd,adafactor", BASE).place_of(BASE) is None


@pytest.mark.parametrize("name", ["first model", "A", "B", "C", "text baseline", "classes"])
@pytest.mark.parametrize("documents", [20, 20_000, 200_000])
def test_the_default_space_holds_every_preset(name: str, documents: int) -> None:
    config = presets.preset(name, "cpu").config
    dimensions = space.default(config, documents)
    assert all(dimension.place_of(config) is not None for dimension in dimensions)
    assert dimensions[0].place_of(config) == config.train.learning_rate


def test_a_range_of_large_numbers_keeps_both_ends() -> None:
    text = "train.seed=1234567..1234569"
    assert space.parse(text, BASE).text() == text


def test_a_text_without_end_is_refused_at_once() -> None:
    with pytest.raises(ConfigProblem):
        space.parse("train.learning_rate=1" + ".." * 50_000 + " x", BASE)


def test_an_order_says_how_many_runs_how_many_at_a_time_and_what_is_varied() -> None:
    assert space.order("12", BASE) == (12, 1, ())
    assert space.order("12 slots=3", BASE) == (12, 3, ())
    varied = (Dimension("train.warmup_ratio", 0, 0.2),)
    assert space.order("12 slots=3 train.warmup_ratio=0..0.2", BASE) == (12, 3, varied)
    assert space.order(" 12  train.warmup_ratio=0..0.2 ", BASE) == (12, 1, varied)


@pytest.mark.parametrize("text", ["slots=2", "12 slots=", "12 slots=0", "12 slots=two train.warmup_ratio=0..0.2"])
def test_an_order_without_its_numbers_is_refused(text: str) -> None:
    with pytest.raises(ConfigProblem, match="is no number of runs"):
        space.order(text, BASE)
