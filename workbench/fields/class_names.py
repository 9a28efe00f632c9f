"""Maps class labels of other tools to the class fields of the workspace's schema and their options. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from storage.exceptions import InputProblem
from workbench.fields.plain_text import harmless
from workbench.fields.schema import Field, FieldKind, Schema, folded

_GENERIC = frozenset(
    {"label", "labels", "class", "category", "target", "cats", "accept", "choice", "choices", "taxonomy"}
)
DEFAULT_NAME = "class"
"""The name of a class field whose label column only says that it is one."""
MOST_OPTIONS = 1000
"""A column of more different values says something else than a class."""

AskAboutSpelling = Callable[[str, str, str], bool]
"""(field's name, label, option) -> whether a label that is spelled otherwise means the option."""


class ClassMap:
    """Gives every class label its field and option, and adds missing ones; `onto` brings these into a schema.

    A generic column ("label") means the class field that was made of such a column, or the only one that its first
    label is an option of; else it becomes a field. Where several columns were asked for, each is one of its own name.

    Args:
        schema: the present fields.
        mapping: column -> field, from `--map`.
        columns: those that were asked for.
        multiple: documents can have several options of the fields that are met.
        ask: about labels that differ from an option only in case, spaces, dots or dashes; None takes them for it.

    Attributes:
        spellings: (field id, label, option that it was taken for, "" where it was left out) -> documents.
    """

    def __init__(
        self,
        schema: Schema,
        mapping: Mapping[str, str] | None = None,
        *,
        columns: Sequence[str] = (),
        multiple: bool = False,
        ask: AskAboutSpelling | None = None,
    ) -> None:
        self.schema = schema
        self.spellings: Counter[tuple[str, str, str]] = Counter()
        self._multiple, self._ask = multiple, ask
        self.added: list[str] = []  # ids of new fields
        self._mapping = {label.casefold(): field for label, field in (mapping or {}).items()}
        self._own_names = frozenset(name.strip().casefold() for name in columns if len(columns) > 1)
        self._fields: dict[str, str] = {}  # column -> field id
        self._guesses: dict[str, str] = {}  # column -> which field it was taken for, in a sentence
        self._guessed = Counter[str]()  # column -> documents
        self._options: dict[tuple[str, str], str] = {}  # (field id, as the file names it) -> option
        self.is_ahead = False

    def label(self, column: str, option: str) -> tuple[str, str]:
        """(field id, option) of a label; names that differ only in case, spaces, dots or dashes are one option.

        The option is "" where the user said that such a name is another.

        Raises:
            InputProblem: the field has too many options to be a class field.
        """
        if column not in self._fields:
            self._fields[column] = self._field(column, option)
            if self._multiple:
                self.allow_several(self._fields[column])
        field_id = self._fields[column]
        if column in self._guesses:
            self._guessed[column] += 1
        if (field_id, option) not in self._options:
            self._options[field_id, option] = self._option(field_id, option)
        known = self._options[field_id, option]
        if known != option:
            self.spellings[field_id, option, known] += 1
        return field_id, known

    def allow_several(self, field_id: str) -> None:
        """A document has several options of the field."""
        field = self.schema.get(field_id)
        if field is not None and not field.multiple:
            self.schema = self.schema.change(field_id, multiple=True)
            self.is_ahead = True

    def notes(self) -> Counter[str]:
        """What was assumed -> documents: which field a generic column is, and labels that are spelled otherwise."""
        noted = Counter({self._guesses[column]: number for column, number in self._guessed.items()})
        for (_, label, option), number in self.spellings.items():
            what = f"was taken for '{option}'" if option else "was left out"
            noted[f"the class '{harmless(label)}' {what}"] += number
        return noted

    def _field(self, column: str, option: str) -> str:
        wanted = self._mapping.get(column.casefold(), column)
        classes = self.schema.classes
        known = next((f for f in classes if folded(wanted) in (folded(f.id), folded(f.name))), None)
        if known is None and wanted.casefold() in _GENERIC - self._own_names:
            known, wanted = self._of_generic(column, option), DEFAULT_NAME
        if known is not None:
            return known.id
        while any(folded(wanted) == folded(field.name) for field in self.schema):
            wanted += " 2"
        self.schema = self.schema.add_class(wanted, ())
        self.added.append(self.schema.fields[-1].id)
        self.is_ahead = True
        return self.schema.fields[-1].id

    def _of_generic(self, column: str, option: str) -> Field | None:
        """The class field that a generic column seems to be about, None for one of its own; a guess is said."""
        classes = self.schema.classes
        made = next((field for field in classes if folded(field.name) == DEFAULT_NAME), None)
        if made is not None or not classes:
            return made
        likely = [field for field in classes if not field.options or folded(option) in map(folded, field.options)]
        about, mapped = f"the column {harmless(column)} was taken for", f"--map {harmless(column)}"
        if len(likely) == 1:
            self._guesses[column] = f"{about} {likely[0].name} ({mapped}=NAME makes it another class field)"
            return likely[0]
        fits = "is no class of" if not likely else "is a class of more than one of"
        names = ", ".join(field.name for field in classes)
        self._guesses[column] = (
            f"{about} a class field of its own: '{harmless(option)}' {fits} {names} "
            f"({mapped}={classes[0].name} makes it that one)"
        )
        return None

    def _option(self, field_id: str, option: str) -> str:
        field = self.schema.get(field_id)
        options = field.options if field is not None else ()
        plain = " ".join(harmless(option).split())
        known = next((own for own in options if folded(own) == folded(plain)), None)
        if known is not None:
            same = known == plain or self._ask is None or self._ask(field.name if field else field_id, option, known)
            return known if same else ""
        if len(options) >= MOST_OPTIONS:
            name = field.name if field else field_id
            raise InputProblem(f"'{name}' has {MOST_OPTIONS:,} classes already: is its column the one of the classes?")
        option = plain
        self.schema = self.schema.change(field_id, options=(*options, option))
        self.is_ahead = True
        return option

    def onto(self, now: Schema) -> Schema:
        """The fields as they are now, with the fields and options that were added here since the last call."""
        for field in self.schema:
            if field.kind is not FieldKind.CLASS:
                continue
            present = now.get(field.id)
            if present is None:
                now = now.add_class(field.name, field.options, multiple=field.multiple)
            else:
                known = {folded(option) for option in present.options}
                missing = tuple(option for option in field.options if folded(option) not in known)
                several = present.multiple or field.multiple
                if missing or several != present.multiple:
                    now = now.change(field.id, options=(*present.options, *missing), multiple=several)
        self.is_ahead = False
        self.schema = now
        return now
