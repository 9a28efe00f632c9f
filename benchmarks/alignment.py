"""How many known values are found on the documents, and how many of those places are wrong.

    python benchmarks/alignment.py [FOLDER] [--eye 50] [--missing]

FOLDER holds receipts_en/ and einvoices/ (default: $WORKBENCH_REALDATA, else ../shared/data). `--eye N` prints N
receipts' alignments with their rows, to be judged by a person; `--missing` lists what was not aligned.

A value counts as printed when it occurs by a criterion that shares nothing with the aligner: amounts and dates when
one of their usual spellings is a substring of a line, names and addresses when nine in ten of their words are words
of the page's text (without spaces). An alignment is judged wrong when the aligned words do not mean the value, or
when a total stands in a row that speaks of cash, change, tax or rounding and not of a total.
"""

import argparse
import datetime
import json
import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from storage.records import Box
from workbench.exchange.einvoices import document_values
from workbench.fields import invoice_schema
from workbench.locate.alignment import align_all
from workbench.locate.layout import split_line

FIELDS = {"company": "seller_name", "date": "invoice_date", "address": "seller_address", "total": "amount_total"}
HEADER = ("invoice_no", "invoice_date", "seller_name", "currency", "amount_total")
SCHEMA = invoice_schema()


@dataclass(frozen=True)
class Word:
    text: str
    box: Box
    page: int
    line: int


def receipt(folder: Path, name: str) -> tuple[list[Word], list[str], dict[str, str]]:
    """Words, lines and values of one receipt."""
    words: list[Word] = []
    lines: list[str] = []
    for row in (folder / "box" / f"{name}.csv").read_text(encoding="utf-8", errors="replace").splitlines():
        parts = row.split(",", 8)
        if len(parts) < 9 or not parts[8].strip():
            continue
        xs, ys = [float(x) for x in parts[:8:2]], [float(y) for y in parts[1:8:2]]
        box = (min(xs), min(ys), max(xs), max(ys))
        words += [Word(text, part, 0, len(lines)) for text, part in split_line(parts[8], box)]
        lines.append(parts[8])
    values = json.loads((folder / "key" / f"{name}.json").read_text(encoding="utf-8"))
    return words, lines, {FIELDS[key]: value for key, value in values.items() if value.strip()}


def pdf_words(path: Path) -> list[Word]:
    """The words of a PDF's text layer: characters joined until a space or a gap."""
    import pypdfium2

    words: list[Word] = []
    pdf = pypdfium2.PdfDocument(path)
    for number in range(len(pdf)):
        page = pdf[number]
        height, layer = page.get_height(), page.get_textpage()
        text, boxes, line = "", list[Box](), 0
        for at in range(layer.count_chars() + 1):
            char = layer.get_text_range(at, 1) if at < layer.count_chars() else " "
            if char.strip():
                left, bottom, right, top = layer.get_charbox(at, loose=True)
                box = (left, height - top, right, height - bottom)
            apart = bool(boxes) and (box[0] - boxes[-1][2] > 4 or abs(box[3] - boxes[-1][3]) > 4)
            if boxes and (apart or not char.strip()):
                x0, x1 = min(b[0] for b in boxes), max(b[2] for b in boxes)
                words.append(Word(text, (x0, min(b[1] for b in boxes), x1, max(b[3] for b in boxes)), number, line))
                text, boxes = "", []
            line += char in "\r\n"
            if char.strip():
                text += char
                boxes.append(box)
    return words


def letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def spellings(field: str, value: str) -> set[str]:
    """Usual spellings of a date or amount, made from the value, not read by the program."""
    if field == "invoice_date" or field == "due_date":
        printed = {value.strip("()")}
        for form in (
            "%d/%m/%Y",
            "%d-%m-%Y",
            "%d-%m-%y",
            "%d/%m/%y",
            "%d %b %Y",
            "%d/%b/%Y",
            "%d-%b-%Y",
            "%d %b %y",
            "%Y-%m-%d",
        ):
            try:
                day = datetime.datetime.strptime(value.strip("()"), form)
            except ValueError:
                continue
            printed |= {
                day.strftime(f).upper()
                for f in ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y", "%d-%m-%y", "%d.%m.%y")
            }
            printed |= {
                day.strftime(f).upper() for f in ("%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%Y-%m-%d", "%Y%m%d", "%d. %B %Y")
            }
            printed |= {f"{day.day}/{day.month}/{day.year}", f"{day.day}.{day.month}.{day.year}"}
        return printed
    number = re.sub(r"[^0-9.\-]", "", value)
    amount = float(number)
    english = f"{amount:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    return {english, german, english.replace(",", ""), german.replace(".", ""), german.replace(".", " ")}


def printed(field: str, value: str, lines: list[str]) -> bool:
    """Whether the value occurs on the page, by a criterion of its own."""
    if field in ("invoice_date", "due_date", "amount_total"):
        return any(
            re.search(rf"(?<![0-9.,]){re.escape(spelling)}(?![0-9])", line.upper())
            for spelling in spellings(field, value)
            for line in lines
        )
    page = letters("".join(lines))
    if field == "currency":
        return any(sign in line.upper() for sign in (value, {"EUR": "€"}.get(value, value)) for line in lines)
    parts = [part for part in re.split(r"[\s,]+", value) if letters(part)]
    there = sum(len(letters(part)) for part in parts if letters(part) in page)
    return there >= 0.9 * sum(len(letters(part)) for part in parts)


def doubtful(field: str, value: str, text: str, row: str, above: str) -> str:
    """Why an alignment is wrong or doubtful, "" when it is neither."""
    if field in ("invoice_date", "amount_total"):
        if not any(spelling in text.upper() for spelling in spellings(field, value)):
            return "the words do not spell the value"
        if field == "amount_total" and not re.search(
            "TOTAL|AMOUNT|AMT|TTC|BETRAG|SUMME|ROUND|DUE|PAY", f"{above} {row}".upper()
        ):
            return "no word for a total beside it"
        if field == "amount_total" and re.search("CHANGE|CASH|TENDER|SUB ?TOTAL|EXCL", row.upper()):
            return "a rival word beside it"
        return ""
    if field == "currency" and text in ("€", "EUR"):
        return ""
    wanted, present = Counter(letters(value)), Counter(letters(text))
    common = sum((wanted & present).values())
    share = 2 * common / max(sum(wanted.values()) + sum(present.values()), 1)
    return "" if share >= 0.85 else f"letters differ ({share:.2f})"


def rows_near(words: list[Word], tokens: tuple[int, ...]) -> tuple[str, str]:
    """(text of the row, text of the row above) of the first aligned word."""
    _, y0, _, y1 = words[tokens[0]].box
    middle, height = (y0 + y1) / 2, y1 - y0
    same = [w for w in words if w.page == words[tokens[0]].page and w.box[1] < middle < w.box[3]]
    over = [w for w in words if w.page == words[tokens[0]].page and w.box[1] < middle - 1.3 * height < w.box[3]]
    return tuple(" ".join(w.text for w in sorted(ws, key=lambda w: w.box[0])) for ws in (same, over))  # type: ignore[return-value]


def receipts(folder: Path) -> Iterator[tuple[str, list[Word], list[str], dict[str, str]]]:
    for key in sorted((folder / "receipts_en" / "key").glob("*.json")):
        yield key.stem, *receipt(folder / "receipts_en", key.stem)


def einvoices(folder: Path) -> Iterator[tuple[str, list[Word], list[str], dict[str, str]]]:
    for path in sorted((folder / "einvoices").glob("*.pdf")):
        words = pdf_words(path)
        lines: dict[tuple[int, int], list[str]] = {}
        for word in words:
            lines.setdefault((word.page, word.line), []).append(word.text)
        yield path.stem, words, [" ".join(line) for line in lines.values()], document_values.read(path)


def main() -> None:
    parser = argparse.ArgumentParser()
    default = Path(
        os.environ.get("WORKBENCH_REALDATA", Path(__file__).resolve().parent.parent.parent / "shared" / "data")
    )
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    parser.add_argument("--eye", type=int, default=0)
    parser.add_argument("--missing", action="store_true")
    arguments = parser.parse_args()
    for title, documents, only in (("receipts_en", receipts, None), ("einvoices", einvoices, HEADER)):
        values: Counter[str] = Counter()
        on_page: Counter[str] = Counter()
        aligned: Counter[str] = Counter()
        both: Counter[str] = Counter()
        wrong: list[str] = []
        missed: list[str] = []
        seconds, count = 0.0, 0
        for name, words, lines, known in documents(arguments.folder):
            start = time.perf_counter()
            places, missing = align_all(words, {f: (SCHEMA.get(f).type, v) for f, v in known.items()})  # type: ignore[union-attr]
            seconds += time.perf_counter() - start
            count += 1
            show = only is None and count % max(440 // arguments.eye, 1) == 0 if arguments.eye else False
            for field, value in known.items():
                if only and field not in only:
                    continue
                there = printed(field, value, lines)
                values[field] += 1
                on_page[field] += there
                if field in places:
                    aligned[field] += 1
                    both[field] += there
                    text = " ".join(words[i].text for i in places[field].tokens)
                    row, above = rows_near(words, places[field].tokens)
                    if why := doubtful(field, value, text, row, above):
                        wrong.append(
                            f"{name} {field}: {value!r} -> {text!r} in {row!r}: {why} [{places[field].reason}]"
                        )
                    if show:
                        print(
                            f"{name} {field} {places[field].score:.2f} {value!r} -> {text!r} "
                            f"| {above[-40:]!r} / {row!r}"
                        )
                elif there:
                    missed.append(f"{name} {field}: {value!r}: {missing[field]}")
                if show and field not in places:
                    print(f"{name} {field} ---- {value!r}: {missing[field]}")
        print(f"\n{title}: {count} documents, {1000 * seconds / max(count, 1):.1f} ms a document")
        for field in values:
            share = both[field] / max(on_page[field], 1)
            print(
                f"  {field:16} values {values[field]:4}  printed {on_page[field]:4}  aligned {aligned[field]:4}"
                f"  aligned of the printed {both[field]:4} = {share:.1%}"
            )
        share = sum(both.values()) / max(sum(on_page.values()), 1)
        print(f"  {'all':16} aligned of the printed {share:.1%}; doubtful by rule {len(wrong)}")
        for line in wrong:
            print("  doubtful:", line)
        if arguments.missing:
            for line in missed:
                print("  missing:", line)


if __name__ == "__main__":
    main()
