"""How often a field's key finds the right place at once: the first place that the rules offer, against the labels.

    python benchmarks/places.py WORKSPACE [--values] [--misses]

The fields are taken in the schema's order, each knowing the labels of those before it, as when a person goes through
them. `--values` compares with the reference values (of documents that have no labels), each field knowing what was
guessed before; `--misses` lists what was wrong.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from storage import document_list, documents
from storage.records import Content
from workbench.annotation.field_states import text_of
from workbench.fields import Field, Schema
from workbench.fields.values import same
from workbench.locate.candidates import Finder
from workbench.workspace import Workspace

FIRST = ("amount_total", "seller_name", "buyer_name", "invoice_no", "invoice_date")
"""What is guessed first with --values: the others lean on it."""


def by_labels(content: Content, schema: Schema) -> list[tuple[Field, str, str, bool]]:
    """(field, first place, label, right) of every labelled field."""
    gold: dict[str, list[tuple[int, ...]]] = {}
    for span in content.annotations.spans:
        gold.setdefault(span.field, []).append(tuple(sorted(span.tokens)))
    finder, labelled, answers = Finder(content.tokens), dict[str, tuple[int, ...]](), []
    for field in schema.active:
        if field.id in gold:
            ranked = finder.ranked(field, labelled)
            place = tuple(sorted(ranked[0].tokens)) if ranked else ()
            whole = tuple(sorted(token for label in gold[field.id] for token in label))  # two lines may be two labels
            labelled[field.id] = whole
            texts = text_of(content.tokens, place), text_of(content.tokens, whole)
            answers.append((field, *texts, place in (*gold[field.id], whole)))
    return answers


def by_values(content: Content, schema: Schema) -> list[tuple[Field, str, str, bool]]:
    """(field, first place, known value, right) of every field with a reference value."""
    known = {reference.field: reference.value for reference in content.references}
    finder, guessed, answers = Finder(content.tokens), dict[str, tuple[int, ...]](), []
    for field in sorted(schema.active, key=lambda f: FIRST.index(f.id) if f.id in FIRST else len(FIRST)):
        ranked = finder.ranked(field, guessed)
        if ranked:
            guessed[field.id] = ranked[0].tokens
        if field.id in known:
            text = text_of(content.tokens, ranked[0].tokens) if ranked else ""
            answers.append((field, text, known[field.id], bool(text) and same(field.type, text, known[field.id])))
    return answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--values", action="store_true")
    parser.add_argument("--misses", action="store_true")
    options = parser.parse_args()
    workspace = Workspace.open(options.workspace)
    right, asked = Counter[str](), Counter[str]()
    with workspace.db.read() as connection:
        for number in document_list.ids(connection):
            content = documents.open_document(connection, number)
            judged = (by_values if options.values else by_labels)(content, workspace.schema)
            for field, text, gold, is_right in judged:
                asked[field.id] += 1
                right[field.id] += is_right
                if options.misses and not is_right:
                    print(f"{content.document.name}: {field.name} “{text[:60]}”, not “{gold[:60]}”")
    for name in asked:
        print(f"{name:<16} {right[name]:>5} of {asked[name]}")
    print(f"{'all':<16} {sum(right.values()):>5} of {sum(asked.values())}")


if __name__ == "__main__":
    main()
