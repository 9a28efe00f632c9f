"""Measured texts that stand among the training texts as well, as the Doctor counts them."""

from workbench.evaluation.doctor.classes.facts import repeats
from workbench.runs.parquet import ClassCase, FrozenDocument

REMINDER = "This is the second and last reminder : {} for the {} has been overdue since {} , so please pay"


def trained(number, text):
    return FrozenDocument(number, str(number), words=text.split())


def measured(number, text):
    return ClassCase(number, str(number), tuple(text.split()), ("reminder",), {"reminder": 1.0})


def test_texts_with_other_names_and_numbers_are_no_repeats_as_a_split_keeps_them_apart_too():
    train = [trained(1, REMINDER.format("387.62", "steel", "13 November"))]
    assert repeats(train, [measured(2, REMINDER.format("845.10", "coffee", "27 March"))]) == []


def test_a_text_with_another_case_and_one_with_a_word_more_are_repeats():
    text = REMINDER.format("387.62", "steel", "13 November")
    assert repeats([trained(1, text)], [measured(2, text.upper()), measured(3, text + " now")]) == [(2, 1), (3, 1)]
