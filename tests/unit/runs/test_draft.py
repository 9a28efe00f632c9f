import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.exceptions import ConfigProblem
from workbench.runs.config import draft as drafts
from workbench.runs.config import files as config_files
from workbench.runs.config.draft import SETTINGS, Draft
from workbench.runs.config.tune import Group, TuneConfig

START = Draft.of(TuneConfig(), "A")


def test_a_value_is_taken_and_marked() -> None:
    now = START.change("train.learning_rate", "3e-5")
    assert now.config.train.learning_rate == 3e-5
    assert now.changed("train.learning_rate") and not now.changed("train.seed")
    assert now.reset("train.learning_rate") == START


def test_an_impossible_value_stays_at_its_setting_with_the_reason() -> None:
    now = START.change("train.learning_rate", "5")
    assert now.config == START.config
    assert now.text("train.learning_rate") == "5"
    assert "learning_rate" in now.problems["train.learning_rate"][1]
    assert now.change("train.learning_rate", "0.001").problems == {}


def test_values_that_fit_only_together_can_be_typed_one_after_the_other() -> None:
    now = START.change("model.hidden_size", "500")
    assert "model.hidden_size" in now.problems
    now = now.change("model.num_attention_heads", "10")
    assert now.problems == {}
    assert now.config.model.structure == {"hidden_size": 500, "num_attention_heads": 10}


def test_another_family_forgets_the_base_of_the_old_one() -> None:
    config = config_files.from_dict({"model": {"name": "microsoft/layoutlmv3-base"}})
    now = Draft.of(config).change("model.family", "lilt")
    assert (now.config.model.family, now.config.model.name) == ("lilt", "")


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(sorted(SETTINGS)), st.sampled_from((-1, 1)), st.integers(1, 30))
def test_stepping_never_leaves_a_settings_range(key: str, by: int, times: int) -> None:
    now = START
    for _ in range(times):
        now = now.stepped(key, by)
    assert now.problems == {}


def test_the_learning_rate_steps_along_a_ladder() -> None:
    now, rates = START, []
    for _ in range(4):
        now = now.stepped("train.learning_rate", 1)
        rates.append(now.config.train.learning_rate)
    assert rates == [7e-5, 1e-4, 2e-4, 3e-4]


def test_the_form_shows_what_matters_first_and_everything_unfolded() -> None:
    folded = dict(drafts.visible([]))
    assert SETTINGS["train.learning_rate"] in folded[Group.RATE]
    assert SETTINGS["train.adam_beta1"] not in folded[Group.RATE]
    assert sum(map(len, dict(drafts.visible(Group)).values())) == len(SETTINGS)


def test_pairs_of_a_grid_go_together_and_keep_their_numbers_whole() -> None:
    configs = drafts.variants(TuneConfig(), "train.warmup_ratio=0.1,0.06 train.seed=1,2", paired=True)
    assert list(configs) == ["warmup_ratio=0.1 seed=1", "warmup_ratio=0.06 seed=2"]
    assert [config.train.warmup_ratio for config in configs.values()] == [0.1, 0.06]
    with pytest.raises(ConfigProblem, match=r"has 2, train\.seed has 3"):
        drafts.variants(TuneConfig(), "train.warmup_ratio=0.1,0.06 train.seed=1,2,3", paired=True)


def test_a_misspelt_key_of_a_grid_gets_the_nearest_name() -> None:
    with pytest.raises(ConfigProblem, match=r"train.lerning_rate is not a setting; did you mean train.learning_rate\?"):
        drafts.variants(TuneConfig(), "train.lerning_rate=1,2")


def test_a_grid_is_every_combination() -> None:
    configs = drafts.variants(TuneConfig(), "train.learning_rate=1e-4,3e-4 train.seed=1,2")
    assert list(configs) == [
        "learning_rate=1e-4 seed=1", "learning_rate=1e-4 seed=2",
        "learning_rate=3e-4 seed=1", "learning_rate=3e-4 seed=2",
    ]  # fmt: skip
    train = configs["learning_rate=3e-4 seed=2"].train
    assert (train.learning_rate, train.seed) == (3e-4, 2)
    for wrong in ("", "learning_rate", "train.no_such=1", "train.seed=", "train.seed=1,x"):
        with pytest.raises(ConfigProblem):
            drafts.variants(TuneConfig(), wrong)
