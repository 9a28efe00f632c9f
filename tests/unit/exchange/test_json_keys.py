"""A key that stands twice in a record of a label file, with different values: it is not clear which one is meant."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.exceptions import InputProblem
from workbench.exchange import json_keys
from workbench.exchange.pipeline import run
from workbench.exchange.sources import ImportRequest
from workbench.workspace import Workspace

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_VALUES)
def test_what_python_writes_passes(value: Any) -> None:
    json_keys.check(json.dumps(value))


@pytest.mark.parametrize(
    "text", ['{"a": 1, "a": 2}', '[{"b": {"a": [], "a": [1]}}]', '{"a": {"b": 1}, "c": 0, "a": {"b": 2}}']
)
def test_a_key_with_two_values_is_refused_and_named(text: str) -> None:
    with pytest.raises(InputProblem, match='"a" twice'):
        json_keys.check(text)


@pytest.mark.parametrize(
    "text", ['{"a": 1, "a": 1}', '{"a": NaN, "a": NaN}', '{"a": {"b": 1}, "a": {"b": 1}}', '{"a": 1']
)
def test_the_same_value_twice_and_what_is_no_json_pass(text: str) -> None:
    json_keys.check(text)


def test_the_record_with_it_is_refused_and_the_others_go_in(tmp_path: Path) -> None:
    rows = [
        '{"text": "Invoice 7", "label": "invoice"}',
        '{"text": "Offer 8", "label": "offer", "label": "order"}',
        '{"text": "Order 9", "label": "order"}',
    ]
    (tmp_path / "t.jsonl").write_text("\n".join(rows))
    with closing(Workspace.create(tmp_path / "shop")) as workspace:
        summary = run(workspace, ImportRequest([tmp_path / "t.jsonl"]))
    assert summary.documents == 2
    assert [(r.record, r.reason) for r in summary.rejected] == [
        ("line 2", 'it has "label" twice, with different values')
    ]
