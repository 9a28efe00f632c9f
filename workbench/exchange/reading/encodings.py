"""Guesses what a table without a mark of its encoding is written in: by its bytes, and by what they spell."""

import re
from itertools import pairwise

_HIGH = re.compile(rb"[\x80-\xff]+")
_WIDE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
_BESIDE = re.compile(r"(?<=[A-Za-z])[^\x00-\x7f]|[^\x00-\x7f](?=[A-Za-z])")
_USUAL_CHINESE = 0.8  # share of frequent characters from which two bytes are one character
_SURE = 0.75  # likeness to a script's language from which bytes are not Chinese, however frequent that would be
_FEW = 3  # characters from which bytes say something of a script

# Codec -> (name for the analyst, the letters that are most frequent in its language, both cases)
_SCRIPTS = {
    "cp1251": ("Windows-1251 (Cyrillic)", "оеаинтсрвлкмОАСИ"),
    "koi8-r": ("KOI8-R (Cyrillic)", "оеаинтсрвлкмОАСИ"),
    "cp866": ("DOS-866 (Cyrillic)", "оеаинтсрвлкмОАСИ"),
    "cp1253": ("Windows-1253 (Greek)", "αοιετσνηυρπςκλΑΟΕάόίέήύώ"),
    "cp1255": ("Windows-1255 (Hebrew)", "יוהלאתרבםנשמד"),
    "cp1256": ("Windows-1256 (Arabic)", "المينرتبوةدعسك"),
}
_TURKISH = frozenset("ÇÖÜĞİŞçöüğışâîûÂ".encode("cp1254"))
_ONLY_TURKISH = frozenset("ĞİŞğış".encode("cp1254"))
_SIGNS = frozenset("€…‘’“”•–—™".encode("cp1252"))
_WESTERN = frozenset("äöüßéèêëàâáçñóòôíìîïúùûåøæÄÖÜÉÈÀÅØÆÇÑ")
_LOW = range(0x80, 0xA0)


def guessed(data: bytes) -> tuple[str, str]:
    """(text, name of the encoding for the analyst) of bytes that are neither UTF-8 nor UTF-16."""
    script = _of_a_script(data)
    is_sure = script is not None and _likeness(data.decode(script[0], "replace"), _SCRIPTS[script[0]][1]) >= _SURE
    is_usual = not is_sure and _share_of_usual(data) >= _USUAL_CHINESE
    codec, name = (None if script and not is_usual else _of_two_bytes(data)) or script or _latin(data)
    return data.decode(codec, "replace"), name


def _share_of_usual(data: bytes) -> float:
    """The share of characters of two bytes that are frequent in GB 2312, or kana and signs."""
    firsts = [first for first, _ in _pairs(data)]
    return sum(0x81 <= first <= 0xD7 for first in firsts) / max(len(firsts), 1)


def _pairs(data: bytes) -> list[tuple[int, int]]:
    """(first, second byte) of characters of two bytes, of which the second may be plain."""
    pairs = []
    at = 0
    while at < len(data) - 1:
        if data[at] >= 0x80:
            pairs.append((data[at], data[at + 1]))
            at += 2
        else:
            at += 1
    return pairs


def _decodes(data: bytes, codec: str) -> str:
    """The text; "" where it is none in this encoding."""
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return ""


def _of_two_bytes(data: bytes) -> tuple[str, str] | None:
    """Chinese, Japanese and Korean, whose characters have two bytes each in these encodings."""
    pairs = _pairs(data)
    firsts = [first for first, _ in pairs]
    japanese = _decodes(data, "cp932")
    kana = sum("\u3041" <= c <= "\u30ff" or "\uff66" <= c <= "\uff9d" for c in japanese)
    wide = sum(not c.isascii() for c in japanese)
    shifted = sum(0x81 <= first <= 0x9F for first in firsts)
    if japanese and wide >= _FEW and kana and shifted * 2 > len(firsts) and _is_wide(japanese):
        return "cp932", "Shift JIS (Japanese)"
    are_high = all(second >= 0xA1 and first >= 0xA1 for first, second in pairs)
    if are_high and (chinese := _decodes(data, "gb2312")):
        if any("\u3041" <= c <= "\u30ff" for c in chinese) and _decodes(data, "euc_jp"):
            return "euc_jp", "EUC-JP (Japanese)"
        if len(firsts) >= 2 * _FEW and all(0xB0 <= first <= 0xC8 for first in firsts) and _decodes(data, "cp949"):
            return "cp949", "EUC-KR (Korean)"
        if all(_WIDE.match(c) for c in chinese if not c.isascii()):
            return "gb18030", "GB18030 (Chinese)"
    if not are_high and len(firsts) >= _FEW and (traditional := _decodes(data, "cp950")):
        usual = sum(0xA4 <= first <= 0xC6 for first in firsts)
        if usual >= 0.8 * len(firsts) and all(_WIDE.match(c) for c in traditional if not c.isascii()):
            return "cp950", "Big5 (Traditional Chinese)"
    if japanese and wide >= _FEW and shifted * 2 > len(firsts) and _is_wide(japanese):
        return "cp932", "Shift JIS (Japanese)"
    chinese = _decodes(data, "gb18030") if all(len(run) % 2 == 0 for run in _HIGH.findall(data)) else ""
    if chinese and all(_WIDE.match(c) for c in chinese if not c.isascii()):
        return "gb18030", "GB18030 (Chinese)"
    return None


def _is_wide(text: str) -> bool:
    """Whether a text's letters are of East Asia, without single ones between plain letters."""
    others = [c for c in text if not c.isascii()]
    fit = sum(bool(_WIDE.match(c)) or "\u3041" <= c <= "\u30ff" for c in others)
    return fit == len(others) and not _BESIDE.search(re.sub(r"[\uff00-\uffef]", "", text))


def _of_a_script(data: bytes) -> tuple[str, str] | None:
    """Cyrillic, Greek, Hebrew and Arabic, by their most frequent letters and where capitals stand."""
    runs = _HIGH.findall(data)
    if sum(map(len, runs)) <= 2 * len(runs):  # single letters between plain ones
        return None
    scores = {codec: _likeness(data.decode(codec, "replace"), usual) for codec, (_, usual) in _SCRIPTS.items()}
    best = max(scores, key=lambda codec: scores[codec])
    return (best, _SCRIPTS[best][0]) if scores[best] > 0.3 else None


def _likeness(text: str, usual: str) -> float:
    """The share of a language's frequent letters, less signs inside words and capitals behind small letters."""
    letters = [c for c in text if not c.isascii() and c not in "№«»–—€\xa0"]
    if not letters:
        return 0.0
    script = [c for c in letters if c in usual]
    signs = sum(not c.isalpha() for c in letters)
    capitals = sum(first.islower() and second.isupper() for first, second in pairwise(text) if second > "\x7f")
    return (len(script) - 2 * signs - 2 * capitals) / len(letters)


def _latin(data: bytes) -> tuple[str, str]:
    """What Excel writes in the west and the east, in Turkey, on a Mac, and what old programs of DOS write."""
    high = frozenset(b"".join(_HIGH.findall(data)))
    if high & _ONLY_TURKISH and high - _SIGNS <= _TURKISH:
        return "cp1254", "Windows-1254 (Turkish)"
    if high - _SIGNS and all(byte in _LOW for byte in high):
        old = {"mac_roman": "Mac Roman", "cp850": "DOS-850 (Western European)"}
        for codec, name in old.items():
            if set(bytes(high - _SIGNS).decode(codec)) <= _WESTERN:
                return codec, name
    texts = {"cp1252": "Windows-1252 (Western European)", "cp1250": "Windows-1250 (Central European)"}
    return max(texts.items(), key=lambda entry: _spells_words(data.decode(entry[0], "replace")))


def _spells_words(text: str) -> int:
    """How many letters of other alphabets stand beside plain ones, less signs that do: words hold no signs."""
    return sum(1 if c.isalpha() and c not in "ŸÞþÐð" else -1 for c in _BESIDE.findall(text))
