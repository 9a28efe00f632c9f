"""`workbench split`: divide the documents into train, validation and test."""

import click

from workbench.commands.support.context import Context
from workbench.commands.support.output import emit, json_option, table
from workbench.commands.support.parameter_types import Range
from workbench.fields.plain_text import counted


@click.command
@click.option("--test", type=Range(0, 1), default=0.2, show_default=True, help="Share for the test side.")
@click.option("--validation", type=Range(0, 1), default=0.1, show_default=True, help="Share for the validation side.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another number gives another split.")
@click.option("--dry-run", is_flag=True, help="Show what would be, change nothing.")
@json_option
@click.pass_obj
def command(context: Context, test: float, validation: float, seed: int, dry_run: bool, as_json: bool) -> None:
    """Divide the documents into train, validation and test. The documents of one vendor stay together.

    Where documents have a class, every side gets its share of each class.

    Vendors that were guessed from how documents look (their names begin with ~) are named by the sellers that were
    labelled meanwhile, and joined where they turn out to be one.

    Keys of --json: seed, sides {side: {documents, groups, labelled}}, named (documents whose vendor became known),
    warnings.

    \b
    Example:
      workbench split --test 0.2 --validation 0.1 --seed 7
    """
    from storage import documents, import_index, label_queries
    from storage.exceptions import UsageProblem
    from workbench.annotation.field_states import seller_of
    from workbench.exchange.vendor_groups import GUESSED, by_sellers
    from workbench.fields.schema import SELLER
    from workbench.runs.splits import divide_by_class

    workspace = context.open_workspace()
    with workspace.db.write() as connection:
        members = import_index.members(connection)
        if not members:
            raise UsageProblem("There are no documents to divide.", "Import some first: workbench import PATH…")
        guessed = [n for n in import_index.with_label(connection, SELLER) if members[n].startswith(GUESSED)]
        named = by_sellers(members, {n: seller_of(documents.open_document(connection, n)) for n in guessed})
        documents.regroup(connection, named)
        division = divide_by_class(
            import_index.counts(connection), label_queries.class_of_groups(connection),
            validation=validation, test=test, seed=seed,
        )  # fmt: skip
        documents.assign_sides(connection, division.sides)
        if dry_run:
            connection.rollback()
    workspace.close()
    sides = {
        side.value: {"documents": n, "groups": division.groups[side], "labelled": division.labelled[side]}
        for side, n in division.documents.items()
    }
    rows = [(name, facts["documents"], facts["labelled"], facts["groups"]) for name, facts in sides.items()]
    lines = table(rows, ("side", "documents", "labelled", "groups"), right=[1, 2, 3])
    if named:
        lines.append(f"{counted(len(named), 'document')} now grouped by the labelled seller, not by looks.")
    lines += [f"! {warning}" for warning in division.warnings]
    emit(
        {"seed": seed, "sides": sides, "named": len(named), "warnings": division.warnings}, as_json=as_json, text=lines
    )
