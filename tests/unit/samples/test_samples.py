"""Made-up invoices: the same seed gives the same ones, labels match what is printed, pages are believable."""

import csv
import errno
import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path
from random import Random
from types import ModuleType

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from stdnum.es import nif
from stdnum.eu import vat
from stdnum.it import iva
from stdnum.pl import nip

from storage.exceptions import UsageProblem, WorkspaceProblem
from tests.support import ROOT
from workbench.commands.sample_data import command
from workbench.commands.support.context import Context
from workbench.fields import FieldType, chunks_of, invoice_schema, values
from workbench.fields.schema import repaired_tags
from workbench.samples import write
from workbench.samples.content import chinese_capitals, date_text, money
from workbench.samples.generator import REMINDER, Sample, compose, generate, template_ids
from workbench.samples.locales import LANGUAGES, LOCALES
from workbench.samples.render import chinese_font, picture
from workbench.samples.wording import WORDING
from workbench.samples.write import write_samples

TYPES = {field.id: field.type for field in invoice_schema()}
SHIPPED = ROOT / "sample_data"

needs_chinese_font = pytest.mark.skipif(chinese_font() is None, reason="this machine has no Chinese font")


@pytest.fixture(scope="module")
def clean() -> list[Sample]:
    return list(generate(11, 600, noise=0))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("samples")
    write_samples(out, 12, 3, ["en", "de", "zh"])
    return out


def means_the_same(field: str, printed: str, value: str, language: str) -> bool:
    kind = TYPES[field]
    if kind is FieldType.CURRENCY and printed in ("$", "Fr."):  # the sign of several currencies
        return True
    if language == "zh" and kind in (FieldType.PARTY, FieldType.ADDRESS):  # broken lines have no gap in Chinese
        printed, value = printed.replace(" ", ""), value.replace(" ", "")
    printed = printed.rstrip(".") if kind is FieldType.DATE else printed
    return bool(values.readings(kind, printed) & values.readings(kind, value))


def test_a_seed_gives_the_same_documents_whatever_is_asked_before() -> None:
    first = list(generate(5, 30, ["en", "zh"]))
    assert first == list(generate(5, 30, ["en", "zh"]))
    assert first[:10] == list(generate(5, 10, ["en", "zh"]))
    assert first != list(generate(6, 30, ["en", "zh"]))


def test_documents_do_not_depend_on_the_process() -> None:
    code = "from workbench.samples.generator import generate; print([s.words for s in generate(9, 5)])"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == str([sample.words for sample in generate(9, 5)])


@given(st.integers(), st.sampled_from(LANGUAGES), st.sampled_from([0.0, 0.5, 1.0, 2.0]))
@settings(max_examples=40, deadline=None)
def test_every_document_is_sound(seed: int, language: str, noise: float) -> None:
    for sample in generate(seed, 2, [language], noise=noise):
        words = sample.words
        assert len(words) >= 8
        taken = [token for _, tokens in sample.spans for token in tokens]
        assert len(taken) == len(set(taken)), "a token has two labels"
        assert all(0 <= token < len(words) for token in taken)
        assert {field for field, _ in sample.spans} == set(sample.values) <= set(TYPES)
        assert len(sample.spans) == len(sample.values)
        for width, height, tokens in sample.pages:
            for text, (x0, y0, x1, y1), _ in tokens:
                assert text.strip() == text != ""
                assert 0 <= x0 < x1 <= width + 0.01, (sample.name, text)
                assert 0 <= y0 < y1 <= height + 0.01, (sample.name, text)
            lines = [line for _, _, line in tokens]
            assert all(a <= b for a, b in pairwise(lines)), "lines are out of order"


def test_labels_say_what_is_printed(clean: list[Sample]) -> None:
    for sample in clean:
        words = sample.words
        for field, tokens in sample.spans:
            printed = " ".join(words[token] for token in tokens)
            assert means_the_same(field, printed, sample.values[field], sample.language), (sample.name, field, printed)


def test_the_country_below_an_address_is_printed_and_no_part_of_its_label(clean: list[Sample]) -> None:
    countries = ("Deutschland", "United Kingdom", "USA", "United States", "India", "Australia", "France", "Nederland",
                 "España", "Italia", "Polska")  # fmt: skip
    printed = " ".join(" ".join(sample.words) for sample in clean)
    assert all(country in printed for country in countries)
    addresses = [value for sample in clean for field, value in sample.values.items() if field.endswith("_address")]
    assert not [address for address in addresses if address.endswith(countries)]


def test_the_sums_add_up(clean: list[Sample]) -> None:
    checked = 0
    for sample in clean:
        if {"amount_net", "amount_tax", "amount_total"} <= set(sample.values):
            net, tax, total = (round(float(sample.values[f"amount_{name}"]) * 100) for name in ("net", "tax", "total"))
            assert abs(net + tax - total) <= 4, sample.name  # cash is rounded to five cents
            checked += 1
    assert checked > 240


def test_words_do_not_lie_on_one_another(clean: list[Sample]) -> None:
    for sample in clean:
        for _, _, tokens in sample.pages:
            boxes = sorted((box[1], box, text) for text, box, _ in tokens)
            for position, (_, word, text) in enumerate(boxes):
                for top, other, second in boxes[position + 1 :]:
                    if top >= word[3]:
                        break
                    across = min(word[2], other[2]) - max(word[0], other[0])
                    down = min(word[3], other[3]) - max(word[1], other[1])
                    overlap = across > 0.5 and down > 0.2 * min(word[3] - word[1], other[3] - other[1])
                    assert not overlap, (sample.name, text, second)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_template_of_a_language_gives_documents(language: str) -> None:
    assert len(template_ids(language)) >= 12
    for template in template_ids(language):
        for sample in generate(2, 3, [language], [template]):
            assert sample.template == template and sample.language == language
            assert {"invoice_date", "amount_total"} <= set(sample.values)


def test_templates_can_be_held_out() -> None:
    kept = [name for name in template_ids("zh") if name != "fapiao-digital"]
    assert "fapiao-digital" not in {sample.template for sample in generate(1, 100, ["zh"], kept)}
    with pytest.raises(ValueError, match="templates"):
        next(generate(1, 1, ["en"], ["fapiao-digital"]))
    with pytest.raises(ValueError, match="'xx'"):
        next(generate(1, 1, ["xx"]))


def test_numbers_and_dates_that_are_no_fields_stand_beside_those_that_are(clean: list[Sample]) -> None:
    dates = amounts = repeated = 0
    for sample in clean:
        labelled = {token for _, tokens in sample.spans for token in tokens}
        rest = [word for number, word in enumerate(sample.words) if number not in labelled]
        dates += any(values.looks_like(FieldType.DATE, word) for word in rest)
        amounts += sum(any(c.isdigit() for c in word) for word in rest) >= 5
        total = sample.values["amount_total"]
        repeated += any(values.normalise(FieldType.AMOUNT, word).normal == total for word in rest if word[-1].isdigit())
    assert dates > len(clean) * 0.15
    assert amounts > len(clean) * 0.8
    assert repeated > len(clean) * 0.25


def test_there_are_credit_notes_several_pages_and_several_currencies(clean: list[Sample]) -> None:
    credit_notes = [sample for sample in clean if sample.values["amount_total"].startswith("-")]
    assert len(credit_notes) > 6
    assert sum(len(sample.pages) > 1 for sample in clean) > 6
    assert len({sample.values.get("currency") for sample in clean}) >= 8


def test_a_further_language_changes_no_document_of_the_others() -> None:
    """The starter was made of these documents, and its figures are compared over time."""
    made = repr(list(generate(1, 20, ("en", "de", "fr", "nl", "zh")))).encode()
    digest = hashlib.sha256(made).hexdigest()
    assert digest == "a516bf8f524c522f7ac167f3977a8028cc008868566aacb75a9f0f5f4978360a"


def test_hardly_a_vendor_or_number_comes_twice(clean: list[Sample]) -> None:
    assert len({sample.values.get("seller_name") for sample in clean}) > len(clean) * 0.9
    assert len({sample.values.get("invoice_no") for sample in clean}) > len(clean) * 0.85


def test_noise_changes_words_and_leaves_most_alone() -> None:
    changed = total = 0
    for sample in generate(4, 80, ["en"], noise=2):
        for field in ("amount_total", "invoice_date"):
            total += 1
            tokens = dict(sample.spans).get(field, ())
            text = " ".join(sample.words[token] for token in tokens)
            changed += not means_the_same(field, text, sample.values.get(field, ""), "en")
    assert 0.02 < changed / total < 0.4


def test_every_language_has_every_wording() -> None:
    keys = set(WORDING["en"])
    for language in LANGUAGES:
        assert set(WORDING[language]) - {"steuer"} == keys, language
        assert all(text.strip() for texts in WORDING[language].values() for text in texts)
    assert {locale.language for locale in LOCALES} == set(WORDING)


def test_numbers_with_check_digits_have_the_right_ones(clean: list[Sample]) -> None:
    accounts = [sample.values["iban"] for sample in clean if "iban" in sample.values]
    taxes = [sample.values.get("seller_tax_id", "") for sample in clean if sample.language in ("de", "fr", "nl")]
    european = [number.replace(" ", "").replace(".", "") for number in taxes if number[:2] in ("DE", "AT", "FR", "NL")]
    assert len(accounts) > 30 and all(values.iban_is_valid(number) for number in accounts)
    assert len(european) > 60 and all(vat.is_valid(number) for number in european)


@pytest.mark.parametrize(("language", "rule"), [("es", nif), ("it", iva), ("pl", nip)])
def test_spanish_italian_and_polish_numbers_have_the_right_check_digits(language: str, rule: ModuleType) -> None:
    samples = list(generate(12, 150, [language], noise=0))
    taxes = [sample.values[field] for sample in samples for field in sample.values if field.endswith("_tax_id")]
    accounts = [sample.values["iban"] for sample in samples if "iban" in sample.values]
    assert len(taxes) > 80 and all(rule.is_valid(number) for number in taxes)
    assert len(accounts) > 30 and all(values.iban_is_valid(number) for number in accounts)
    assert {number[:2] for number in accounts} == {language.upper()}


def test_dates_are_written_as_they_are_there() -> None:
    day = date(2024, 3, 5)
    months = {locale.language: locale.months for locale in LOCALES}
    assert date_text(day, r"j \d\e F \d\e Y", months["es"]) == "5 de marzo de 2024"
    assert date_text(day, "j F Y", months["pl"]) == "5 marca 2024"


@given(st.integers(-(10**9), 10**9))
def test_sums_are_printed_so_that_they_are_read_back(cents: int) -> None:
    for style in ("1,234.56", "1.234,56", "1 234,56", "1'234.56", "1234.56", "1234,56"):
        for negative in "-(":
            read = values.readings(FieldType.AMOUNT, money(cents, style, negative))
            assert any(round(float(reading) * 100) == cents for reading in read), money(cents, style, negative)


@pytest.mark.parametrize(
    ("cents", "text"),
    [
        (0, "零圆整"),
        (5, "零圆零伍分"),
        (123450, "壹仟贰佰叁拾肆圆伍角整"),
        (100_000_00, "壹拾万圆整"),
        (1_000_500, "壹万零伍圆整"),
        (1_020_304, "壹万零贰佰零叁圆零肆分"),
        (-900, "（负数）玖圆整"),
    ],
)
def test_sums_in_chinese_capitals(cents: int, text: str) -> None:
    assert chinese_capitals(cents) == text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reminder_is_made_where_it_is_asked_for_and_calls_itself_one(language: str) -> None:
    assert REMINDER not in template_ids(language)
    titles = {
        "en": "remind|notice", "de": "mahnung|erinnerung", "fr": "rappel|relance|demeure",
        "nl": "herinnering|aanmaning", "zh": "催款|付款提醒|逾期", "es": "recordatorio|aviso", "it": "sollecito",
        "pl": "wezwanie|przypomnienie",
    }  # fmt: skip
    pattern = titles[language]
    for sample in generate(3, 5, [language], [REMINDER], noise=0):
        words = "".join(sample.words) if language == "zh" else " ".join(sample.words)
        assert re.search(pattern, words, re.IGNORECASE), words[:300]
        assert sample.values["invoice_no"]  # of the invoice that is not paid


@pytest.mark.parametrize("template", template_ids("en"))
def test_every_word_is_drawn_inside_its_box(template: str) -> None:
    rng = Random(f"ink-{template}")
    _, paper = compose(rng, rng, "de", template, plain_print=True)
    sheet = paper.sheets[0]
    sheet.strokes.clear()
    scale = 3.0
    image = picture(sheet, scale)
    for word in sheet.words:
        box = (word.x0 * scale, word.y0 * scale, word.x1 * scale, word.y1 * scale)
        darkest = image.crop(tuple(round(edge) for edge in box)).getextrema()[0]
        assert darkest < 128, f"nothing is printed at {word.text!r}"
    draw = ImageDraw.Draw(image)
    for word in sheet.words:
        edge = 0.12 * word.size * scale  # accents and side bearings
        draw.rectangle(
            (word.x0 * scale - edge, word.y0 * scale - edge, word.x1 * scale + edge, word.y1 * scale + edge), fill=255
        )
    assert image.getextrema()[0] > 100, "ink outside the boxes"


@needs_chinese_font
def test_files_are_the_same_for_the_same_seed(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        write_samples(folder, 4, 3, ["en", "de", "zh"])
    names = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert len(names) > 6 and names == sorted(path.relative_to(second) for path in second.rglob("*") if path.is_file())
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_labelled_files_and_inbox_hold_different_documents(folder: Path) -> None:
    records = [json.loads(line) for line in (folder / "labelled" / "labels.jsonl").read_text("utf-8").splitlines()]
    labelled = {record["id"] for record in records}
    inbox = {path.stem for path in (folder / "inbox").iterdir()}
    assert len(labelled) + len(inbox) == 12 and not labelled & inbox
    assert len({path.suffix for path in (folder / "inbox").iterdir()}) >= 3
    with (folder / "values.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {Path(row["file"]).stem for row in rows} == inbox
    assert all(row["amount_total"] and row["invoice_date"] for row in rows)
    groups = Counter(record["group"] for record in records if record["page"] == 0)
    assert max(groups.values()) >= 2, "a vendor has several documents"
    for record in records:
        chunks = chunks_of(record["labels"])
        assert not repaired_tags(record["labels"])
        assert len(record["words"]) == len(record["labels"]) == len(record["bboxes"])
        assert chunks or record["page"] > 0
        if "image_path" in record:
            with Image.open(folder / "labelled" / record["image_path"]) as image:
                assert image.size == (record["width"], record["height"])


def test_several_pages_come_as_one_tiff(folder: Path) -> None:
    tiffs = list((folder / "inbox").glob("*.tiff"))
    assert tiffs
    with Image.open(tiffs[0]) as image:
        assert image.n_frames >= 2


def test_without_a_chinese_font_words_are_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.samples.write.chinese_font", lambda: None)
    written = write_samples(tmp_path, 6, 1, ["zh"])
    assert written.documents == 6 and written.without_picture
    assert "no Chinese font" in (tmp_path / "README.md").read_text("utf-8")
    lines = (tmp_path / "labelled" / "labels.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == written.labelled and not any("image_path" in json.loads(line) for line in lines)


def test_polish_pages_whose_letters_the_fonts_lack_are_words_without_a_picture(tmp_path: Path) -> None:
    written = write_samples(tmp_path, 8, 1, ["pl"])
    assert written.documents == 8 and written.without_picture
    lines = (tmp_path / "labelled" / "labels.jsonl").read_text("utf-8").splitlines()
    pictured = {json.loads(line)["id"] for line in lines if "image_path" in json.loads(line)}
    assert not pictured & set(written.without_picture)
    for path in (tmp_path / "inbox").glob("*"):
        assert path.stem not in written.without_picture


def test_the_command_says_what_it_wrote(tmp_path: Path) -> None:
    out = tmp_path / "train"
    arguments = [str(out), "--count", "50", "--seed", "2", "--languages", "en,fr", "--words-only", "--json"]
    result = CliRunner().invoke(command, arguments, obj=Context(None))
    assert result.exit_code == 0, result.output
    report = json.loads(result.output)
    assert report["documents"] == 50 and set(report["languages"]) == {"en", "fr"}
    ids = {json.loads(line)["id"] for line in (out / "labels.jsonl").read_text("utf-8").splitlines()}
    assert len(ids) == 50
    again = CliRunner().invoke(command, arguments, obj=Context(None))
    assert isinstance(again.exception, UsageProblem) and "not empty" in again.exception.message


def test_the_command_refuses_languages_that_it_does_not_have(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, [str(tmp_path / "x"), "--languages", "en,tlh"], obj=Context(None))
    assert isinstance(result.exception, UsageProblem)
    assert "tlh" in result.exception.message and "zh" in result.exception.remedy
    assert not (tmp_path / "x").exists()


def test_what_is_shipped_is_small_and_varied() -> None:
    size = sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file())
    assert 0 < size <= 6_000_000
    records = [json.loads(line) for line in (SHIPPED / "labelled" / "labels.jsonl").read_text("utf-8").splitlines()]
    names = {record["id"] for record in records} | {path.stem for path in (SHIPPED / "inbox").iterdir()}
    templates = {name.split("-", 1)[1].rsplit("-", 1)[0] for name in names}
    assert len(names) >= 38 and len(templates) >= 12
    assert {name[:2] for name in names} == {"en", "de", "zh"}


def test_a_full_disk_leaves_nothing_of_what_was_begun_and_all_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(out: Path, *rest: object) -> None:
        (out / "labelled").mkdir(parents=True)
        (out / "labelled" / "a.png").write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(write, "write_samples", full)
    (tmp_path / "there").mkdir()
    for out in (tmp_path / "new" / "deep", tmp_path / "there"):
        result = CliRunner().invoke(command, [str(out)], obj=Context(None))
        assert isinstance(result.exception, WorkspaceProblem)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
    assert not list((tmp_path / "there").iterdir())
