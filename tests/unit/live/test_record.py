"""The record of what was right before it was touched: what it says, and that it survives whatever happens to it."""

import os
from pathlib import Path

import pytest

from storage import locks
from storage.files import Files
from workbench.fields import invoice_schema
from workbench.live import record
from workbench.live.record import Outcome, Record


def _grown(shown: list[bool], *, base: bool = False, head: bool = True) -> Record:
    grown = Record()
    for number, right in enumerate(shown):
        grown.add(number, {"shop": Outcome(base, head, right)})
    return grown


def test_a_reader_that_is_right_of_late_is_believed_more() -> None:
    rates = _grown([True] * 10).rates("shop")
    assert rates["base"] < 0.6 < rates["head"]
    assert Record().rates("shop")["base"] > Record().rates("shop")["head"], "without a record the base comes first"


def test_documents_without_a_remembered_value_say_nothing_about_those_that_have_one() -> None:
    assert _grown([True] * 10).rates("shop")["remembered"] == Record().rates("shop")["remembered"]
    wrong = Record()
    for number in range(10):
        wrong.add(number, {"shop": Outcome(base=True, head=True, shown=True, remembered=False)})
    assert wrong.rates("shop")["remembered"] < 0.6


def test_a_document_counts_the_first_time_that_it_is_accepted() -> None:
    grown = _grown([False])
    grown.add(0, {"shop": Outcome(base=True, head=True, shown=True)})
    assert not grown.outcomes("shop")[0].shown


@pytest.mark.parametrize("content", [b"", b"{", b'{"documents": {"1": 5}}', b"\xff\xfe", b"[" * 100_000])
def test_a_damaged_record_begins_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "learner.json").write_bytes(content)
    assert record.read(tmp_path / "learner.json") == Record()


def test_a_pipe_or_a_device_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "endless").symlink_to("/dev/zero")
    assert record.read(tmp_path / "pipe") == record.read(tmp_path / "endless") == Record()


def test_the_status_says_whether_a_learner_is_at_work(tmp_path: Path) -> None:
    files = Files(tmp_path)
    assert record.status(files, enabled=False) == {
        "state": "off", "documents": 0, "fields": {}, "keys_per_document": None,
    }  # fmt: skip
    record.write(files.learner_record, _grown([False, True]))
    assert record.status(files, enabled=True) == {
        "state": "not running", "documents": 2, "fields": {"shop": {"right_before_touched": 0.5}},
        "keys_per_document": None,
    }  # fmt: skip
    lock = locks.acquire(files.learner_lock)
    assert lock is not None
    assert record.status(files, enabled=True)["state"] == "running"
    os.close(lock)


def test_the_queue_screen_has_a_sentence_about_the_latest_documents_and_the_weakest_field(tmp_path: Path) -> None:
    files, schema = Files(tmp_path), invoice_schema()
    record.write(files.learner_record, _grown([True] * (record.LEAST - 1)))
    assert record.line(files, schema) == "", "too few"
    kept = Record()
    for number in range(40):  # the first ten were others, and are not compared with
        outcomes = {name: Outcome(False, True, number >= 16 or name == "due_date") for name in ("due_date", "iban")}
        kept.add(number, outcomes if number >= 10 else {"iban": Outcome(False, True, True)})
    record.write(files.learner_record, kept)
    sentence = "Right before you touched them, last 30 documents: 54 of 60 fields; least often iban: 80%."
    assert record.line(files, schema) == sentence
    kept.count({number: 5 if number < 30 else 2 for number in range(31)})
    record.write(files.learner_record, kept)
    assert "54 of 60 fields, 5 keys a document; least often" in record.line(files, schema)


def test_keys_count_until_a_document_is_accepted_and_as_long_as_it_is_kept() -> None:
    grown = _grown([True] * record.LEAST)
    assert grown.count({0: 7, 99: 3}) and not grown.count({0: 9})
    assert grown.keys == {0: 7}, "99 is not accepted yet"
    assert grown.keys_per_document() is None, "too few"
    grown.count(dict.fromkeys(range(1, record.LEAST), 2))
    assert grown.keys_per_document() == 2
    for number in range(record.LEAST, 1000 + record.LEAST):
        grown.add(number, {"shop": Outcome(base=True, head=True, shown=True)})
    assert not grown.keys
