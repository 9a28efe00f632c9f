"""Labelled character ranges: which way of counting a file's are, where the text does not divide its words by spaces."""

from collections.abc import Callable
from typing import Any

import pytest

CHINESE = (
    "李四在腾讯科技有限公司工作，负责财务报销。北京市海淀区的张三先生于二〇二四年在上海公司购买了办公设备。"
    "发票由杭州网络公司开具，金额为一千元整。（2）"
)
JAPANESE = "株式会社山田商店は、東京都港区にある。請求書は、四月に田中さんへ送られた。合計は一万円、税込みである。"
KOREAN = "삼성전자는 서울에 있다. 현대차는 울산에 있다. 기아는 광주에 있다."
MIXED = "Größe und Maß: 12kg Nägel, 3Stück Ösen 😀 zu 40Cent"


@pytest.fixture
def labelled(put: Any, read: Any) -> Callable[[str, list[str]], list[str]]:
    """The words that have the labels of a doccano file, whose ranges are counted in characters."""

    def labelled(text: str, words: list[str]) -> list[str]:
        ranges = [[text.index(word), text.index(word) + len(word), "NAME"] for word in words]
        (item,), _ = read(put("in.jsonl", {"text": text, "label": ranges}), "doccano")
        texts = [token.text for page in item.pages for token in page.tokens]
        return ["".join(texts[number] for number in span.tokens) for span in item.spans]

    return labelled


@pytest.mark.parametrize("text", [CHINESE, JAPANESE, KOREAN])
def test_labels_of_characters_stay_where_they_are(labelled: Any, text: str) -> None:
    stretches = {text[at : at + length] for length in (2, 3, 5) for at in range(len(text) - length)}
    for word in sorted(stretch for stretch in stretches if stretch.isalpha()):
        assert labelled(text, [word]) == [word]


def test_labels_in_korean_do_not_take_the_particles_behind_them(labelled: Any) -> None:
    assert labelled(KOREAN, ["삼성전자", "현대차", "기아"]) == ["삼성전자", "현대차", "기아"]


@pytest.mark.parametrize("word", ["12", "3", "40", "Größ", "Näge"])
def test_one_label_that_ends_inside_a_word_is_not_moved(labelled: Any, word: str) -> None:
    assert labelled(MIXED, [word]) == [word]


def test_korean_words_are_divided_by_spaces(put: Any, read: Any) -> None:
    (item,), _ = read(put("in.jsonl", {"text": KOREAN, "label": [[0, 4, "NAME"]]}), "doccano")
    assert [token.text for token in item.pages[0].tokens][:4] == ["삼성전자", "는", "서울에", "있다."]
