from hypothesis import given
from hypothesis import strategies as st

from screens.widgets.bars import spark


def test_a_small_curve_goes_from_the_first_to_the_last_value() -> None:
    assert spark([0.0, 0.0, 0.45], span=(0.0, 1.0)) == "▁▁▄"
    assert spark([3.0, 2.0, 1.0])[0] == "▇"
    assert spark([1.0] * 3) == "▁▁▁"
    assert spark(range(100), 5) == "▁▃▄▅▇"
    assert spark([], 4) == "····"


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.integers(1, 20))
def test_a_small_curve_is_as_wide_as_it_may_be(values: list[float], width: int) -> None:
    assert len(spark(values, width)) == min(width, len(values))
