"""What an import did, for the one who asked for it."""

import re
from collections import Counter
from dataclasses import dataclass, field

from workbench.exchange.known_values import ValuesReport
from workbench.exchange.reading.incoming import Incoming, Rejected
from workbench.exchange.texts.repeats import Repeats
from workbench.fields import Schema

_COUNTED = re.compile(r"([0-9]+) ")  # a note may begin with a number; these are added up
LEAK = "leak:"
"""Begins the note about documents that were put on a side by order while their vendor or twin is on another."""


@dataclass
class Summary:
    """What an import did. Lists have the first thousand entries; the counts are complete."""

    documents: int = 0
    pages: int = 0
    tokens: int = 0
    labelled: int = 0
    labels: Counter[str] = field(default_factory=Counter)  # field id -> labels
    classes: dict[str, Counter[str]] = field(default_factory=dict)  # class field id -> option -> documents
    suggestions: Counter[str] = field(default_factory=Counter)
    reference_values: int = 0
    aligned: Counter[str] = field(default_factory=Counter)
    not_aligned: Counter[str] = field(default_factory=Counter)
    unaligned: list[tuple[str, str, str, str]] = field(default_factory=list)  # document, field, value, reason
    mapping: dict[str, str] = field(default_factory=dict)  # label -> field name
    new_fields: list[str] = field(default_factory=list)
    known: int = 0  # documents that the workspace had already
    known_twice: int = 0  # of these, records that stand earlier in the same files
    known_labelled: int = 0  # of these, records with labels or values, which were not taken over
    skipped: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    duplicates: list[tuple[str, str]] = field(default_factory=list)  # document, the document that it repeats
    duplicate_count: int = 0
    repeats: Repeats = field(default_factory=Repeats)  # among texts that stand on no page
    groups: int = 0  # met in this import
    ocr_pages: int = 0
    notes: Counter[str] = field(default_factory=Counter)  # assumptions and repairs -> documents
    seconds: float = 0.0
    interrupted: bool = False
    values: ValuesReport | None = None  # of tables with known values

    def count_notes(self, incoming: Incoming) -> None:
        """Add what was assumed and repaired in a document."""
        for note in incoming.notes:
            counted = _COUNTED.match(note)
            self.notes[note[counted.end() :] if counted else note] += int(counted[1]) if counted else 1
        if incoming.empty_tokens:
            self.notes["words without text were dropped"] += incoming.empty_tokens
        if incoming.repaired_tags:
            self.notes["tags that were not in IOB form were repaired"] += incoming.repaired_tags

    def note_single_classes(self, schema: Schema) -> None:
        """Say where a class field has one option: nothing can be learned from it."""
        for field_id, counted in self.classes.items():
            field = schema.get(field_id)
            if field is not None and len(field.options) == 1:
                self.notes[f"{field.name}: all texts are {field.options[0]}, there is nothing to tell apart yet"] += (
                    counted.total()
                )

    @property
    def leaks(self) -> dict[str, int]:
        """What was put on a side by order although its vendor or a near-duplicate is on another -> documents."""
        leaks = {note.removeprefix(LEAK).strip(): n for note, n in self.notes.items() if note.startswith(LEAK)}
        if self.repeats.torn:
            leaks["are on the side that was ordered, but repeat a text on another"] = self.repeats.torn
        return leaks

    def whole(self) -> "Summary":
        """This summary, for an import that is a step of something longer, which an interrupt ends, too.

        Raises:
            KeyboardInterrupt: the import was interrupted; what was read so far is stored.
        """
        if self.interrupted:
            raise KeyboardInterrupt
        return self

    @property
    def failed(self) -> bool:
        """Whether nothing could be imported although there was something to import."""
        imported = self.documents or self.known or (self.values and self.values.documents)
        return not imported and self.skipped + (self.values.skipped if self.values else 0) > 0
