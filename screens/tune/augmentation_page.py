"""What training would see of a few documents with the augmentation of a configuration."""

from textual.content import Content

from storage import document_list, documents
from storage.exceptions import RunProblem
from storage.records import Split
from workbench.fields import FieldType, tags_of
from workbench.runs import augmentation
from workbench.runs.config.tune import TuneConfig
from workbench.workspace import Workspace

DOCUMENTS = 5
"""Documents in the preview."""
NAME_DOCUMENTS = 30
"""Documents whose parties lend their names to those of the preview; in training all do."""
MOVING = ("box_jitter", "rotation", "blur")
"""Augmentations that leave the words as they are."""


def preview(workspace: Workspace, config: TuneConfig) -> Content:
    """The words that one draw of the augmentation changes.

    Raises:
        RunProblem: no augmentation is on.
    """
    settings = config.augmentation
    if not settings.active:
        raise RunProblem("No augmentation is on.", "Group 3 of the form has it: header synonyms, box jitter …")
    parties = [field.id for field in workspace.schema.spans if field.type is FieldType.PARTY]
    with workspace.db.read() as connection:
        listed = document_list.page(connection, document_list.Filter("labelled", split=Split.TRAIN), 0, NAME_DOCUMENTS)
        contents = [documents.open_document(connection, document.id) for document in listed]
    words = [[token.text for token in content.tokens] for content in contents]
    tags = [tags_of(content.annotations.spans, len(texts)) for content, texts in zip(contents, words, strict=True)]
    names = augmentation.PartyNames.of(zip(words, tags, strict=True), parties)
    parts: list[tuple[str, str] | str] = []
    for document, texts, labels in list(zip(listed, words, tags, strict=True))[:DOCUMENTS]:
        changed = augmentation.preview(texts, labels, settings, config.train.seed, names)
        parts.append((f"{document.name}: {len(changed)} of {len(texts)} words changed\n", "bold"))
        parts += [f"  {before or '(nothing)'} → {after or '(nothing)'}\n" for before, after in changed]
    moved = [f"{name} up to {getattr(settings, name):g}" for name in MOVING if getattr(settings, name) > 0]
    if moved:
        parts.append((f"\nOf the boxes and the picture: {', '.join(moved)}.", "$text-muted"))
    return Content.assemble(*parts)
