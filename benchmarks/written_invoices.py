"""80 invoices in eight languages, written for measuring only: PDFs with a table of the values that are printed on them.

    python benchmarks/written_invoices.py FOLDER      (needs reportlab and the fonts Liberation, DejaVu, WenQuanYi Zen Hei)
    python benchmarks/invoices.py --folder FOLDER/first --wrong
    python benchmarks/invoices.py --folder FOLDER/second

Six layouts and one set of wordings make the first half, six other layouts and other wordings the second. They have nothing
of the generator in workbench/samples. The first half is for finding faults, the second is only measured.
"""

import argparse
import csv
import random
import zlib
from pathlib import Path

from written_layouts import LAYOUTS, Sheet
from written_parties import facts
from written_wording import WORDING

HALVES = ("first", "second")
FIELDS = (
    "invoice_no", "invoice_date", "due_date", "purchase_order", "seller_name", "seller_address", "seller_tax_id", "buyer_name",
    "buyer_address", "buyer_tax_id", "currency", "amount_net", "tax_rate", "amount_tax", "amount_total", "iban",
)  # fmt: skip


def write(folder: Path, half: int, each: int, seed: int) -> None:
    """Invoices of one half: `each` of every language."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for place, language in enumerate(WORDING):
        for number in range(each * (3 if language == "de" else 1)):
            name = f"{language}-{number}"
            rng = random.Random(zlib.crc32(f"{seed} {half} {name}".encode()))
            content = facts(rng, language, place + number * (2 * half + 3))
            layout = LAYOUTS[half][(place + number) % len(LAYOUTS[half])]
            sheet = Sheet(folder / f"{name}.pdf", content, half, rng)
            layout(sheet)
            sheet.save()
            rows.append({"file": f"{name}.pdf", "layout": layout.__name__, "language": language, **content.values})
    with (folder / "values.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, ("file", *FIELDS), extrasaction="ignore")
        table.writeheader()
        table.writerows(rows)
    with (folder / "layouts.tsv").open("w", encoding="utf-8") as file:
        file.writelines(f"{row['file']}\t{row['layout']}\t{row['language']}\n" for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--each", type=int, default=4, help="invoices of each language in each half (of German: three times as many)"
    )
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for half, name in enumerate(HALVES):
        write(given.folder / name, half, given.each, given.seed)


if __name__ == "__main__":
    main()
