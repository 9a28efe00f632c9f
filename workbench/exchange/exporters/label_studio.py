"""Label Studio tasks: every word is a region with its text; the words of one label are joined by relations.

Holds: texts, boxes, lines, page sizes, labels (also with gaps and over pages), whether they are complete, open
suggestions with confidence, classes as choices, the likeliest class as a prediction, split, group, language.
Cannot hold: OCR confidences and engine, known values, decided suggestions, who labelled what.

Pictures are named as Label Studio's server serves files of its machine: `/data/local-files/?d=…`, relative to its
setting LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT, which is to be the folder of the export. The server serves what lies in
a folder that the project has as a local storage: the folder of the pictures.
"""

import re
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import msgspec

from storage.files import write_atomic
from storage.records import Content, Decision, Page, Token
from workbench.exchange.exporters.base import (
    Companion,
    ExportReport,
    FileNames,
    copy_picture,
    file_with_pictures,
    has_labels,
    is_complete,
    ordered_spans,
    pictures_beside,
)
from workbench.exchange.exporters.texts.rows import is_text, options_of, text_of
from workbench.fields import FieldKind, Schema

_CHOICE = {True: "multiple", False: "single"}
_QUOTED = r"""(?:"[^"\n]*"|'[^'\n]*')"""
_OF_FIELDS = re.compile(
    rf"    <Label value={_QUOTED} background={_QUOTED}/>\n"
    rf'|  <Choices name={_QUOTED} toName="(?:text|image)" choice="(?:multiple|single)">\n'
    rf"(?:    <Choice value={_QUOTED}/>\n)*  </Choices>\n"
)
"""What a labelling configuration has of a workspace's fields."""
_SERVED = "/data/local-files/?d="
"""Where the server serves files from its document root."""


class LabelStudioExporter:
    """One JSON list of tasks, one task a document."""

    name = "label-studio"
    folder = False

    def beside(self, target: Path, pictures: bool) -> list[Companion]:
        """What is written besides the file."""
        folder = [Companion(pictures_beside(target))] if pictures else []
        return [Companion(_config_beside(target), _is_exported_config), *folder]

    def write(
        self, contents: Iterable[Content], schema: Schema, target: Path, pictures: Path | None = None
    ) -> ExportReport:
        """Write the tasks, the labelling configuration beside them, and the pictures into a folder beside them."""
        written, names = ExportReport(retired=schema.retired(FieldKind.CLASS)), FileNames()
        encode = msgspec.json.Encoder().encode
        has_pages = False
        with file_with_pictures(target) as (file, folder):
            file.write(b"[")
            for number, content in enumerate(contents):
                has_pages |= not is_text(content)
                task = _task(content, schema, names, target, pictures, folder)
                file.write((b",\n" if number else b"\n") + encode(task))
                written.count(content, pictures)
            file.write(b"\n]\n")
        config = labelling_config(schema, has_pages=has_pages or not written.documents)
        write_atomic(_config_beside(target), config, outside=True)
        return written


def _config_beside(target: Path) -> Path:
    return target.parent / f"{target.stem}.config.xml"


def _is_exported_config(content: bytes) -> bool:
    """Whether it is what `labelling_config` makes, of whatever fields, not changed by hand."""
    left = _OF_FIELDS.sub("", content.decode(errors="replace"))
    return any(left == labelling_config(Schema(()), has_pages=has_pages) for has_pages in (True, False))


def labelling_config(schema: Schema, *, has_pages: bool = True) -> str:
    """The labelling interface that the tasks are for: to be pasted under Settings, Labeling Interface, Code."""
    if not has_pages:
        return f'<View>\n  <Text name="text" value="$text"/>\n{_choices(schema, "text")}</View>\n'
    labels = "".join(
        f"    <Label value={quoteattr(field.name)} background={quoteattr(field.colour)}/>\n" for field in schema.spans
    )
    return (
        '<View>\n  <Image name="image" valueList="$pages" zoom="true" zoomControl="true"/>\n'
        f'  <Labels name="label" toName="image">\n{labels}  </Labels>\n'
        '  <Rectangle name="bbox" toName="image" strokeWidth="2"/>\n'
        '  <TextArea name="transcription" toName="image" editable="true" perRegion="true" required="false"'
        ' maxSubmissions="1" rows="1" displayMode="region-list"/>\n' + _choices(schema, "image") + "</View>\n"
    )


def _choices(schema: Schema, name: str) -> str:
    """The class fields, about the object of this name."""
    return "".join(
        f'  <Choices name={quoteattr(field.id)} toName="{name}" choice="{_CHOICE[field.multiple]}">\n'
        + "".join(f"    <Choice value={quoteattr(option)}/>\n" for option in field.options)
        + "  </Choices>\n"
        for field in schema.classes
    )


def _classes(content: Content, schema: Schema, name: str) -> list[dict[str, Any]]:
    """The classes of a document as results."""
    chosen = ((field, options_of(content, field)) for field in schema.classes)
    return [_choice(field.id, options, name) for field, options in chosen if options]


def _choice(field_id: str, options: list[str], name: str) -> dict[str, Any]:
    return {"from_name": field_id, "to_name": name, "type": "choices", "value": {"choices": options}}


def _class_predictions(content: Content, name: str) -> list[dict[str, Any]]:
    """The likeliest option of each field that has no label."""
    labelled = {label.field for label in content.annotations.classes}
    likeliest = {s.field: s for s in reversed(content.class_suggestions) if s.field not in labelled}
    return [
        {"model_version": s.run, "score": s.probability, "result": [_choice(s.field, [s.option], name)]}
        for s in likeliest.values()
    ]


def _text_task(content: Content, schema: Schema, own: dict[str, Any]) -> dict[str, Any]:
    """A text that stands on no page and has no labels of its words."""
    results = _classes(content, schema, "text")
    annotation = {"id": content.document.id, "was_cancelled": False, "result": results}
    return {
        "id": content.document.id,
        "data": {"text": text_of(content), "workbench": own},
        "annotations": [annotation] if results else [],
        "predictions": _class_predictions(content, "text"),
    }


def _task(
    content: Content, schema: Schema, names: FileNames, target: Path, pictures: Path | None, folder: Path
) -> dict[str, Any]:
    """A document's task. The pictures are copied into `folder`, which will be that beside the target."""
    document = content.document
    base = names.fresh(document.name)
    copied = [copy_picture(p, pictures, folder, f"{base}-{i + 1}") for i, p in enumerate(content.pages)]
    references = [f"{_SERVED}{quote(f'{pictures_beside(target).name}/{name}')}" for name in copied if name]
    own = {
        "name": document.name,
        "labelled": is_complete(content),
        "pages": [{"width": page.width, "height": page.height} for page in content.pages],
        "group": document.group,
        "split": document.split.value,
        "language": document.language,
    }
    if is_text(content) and not content.annotations.spans:
        return _text_task(content, schema, {key: value for key, value in own.items() if key != "pages"})
    words = [part for page in content.pages for token in page.tokens for part in _word(token, page)]
    predictions: list[dict[str, Any]] = []
    for run in sorted({s.run for s in content.suggestions if s.decision is Decision.OPEN}):
        suggestions = [s for s in content.suggestions if s.run == run and s.decision is Decision.OPEN]
        result = [
            part for s in suggestions for part in _label(content, schema.name(s.field), s.tokens, s.confidence, True)
        ]
        score = sum(s.confidence for s in suggestions) / len(suggestions)
        predictions.append({"model_version": run, "score": score, "result": result})
    annotations: list[dict[str, Any]] = []
    classes = _classes(content, schema, "image")
    predictions += _class_predictions(content, "image")
    if has_labels(content) or classes:
        result = [
            part
            for span in ordered_spans(content)
            for part in _label(content, schema.name(span.field), span.tokens, None, False)
        ]
        annotations.append({"id": document.id, "was_cancelled": False, "result": words + result + classes})
    else:  # the words have to stand somewhere: a prediction without labels
        predictions.insert(0, {"model_version": "workbench", "result": words})
    return {
        "id": document.id,
        "data": {"pages": references, "workbench": own},
        "annotations": annotations,
        "predictions": predictions,
    }


def _word(token: Token, page: Page) -> list[dict[str, Any]]:
    box = _part(token, page)
    return [
        {**box, "from_name": "bbox", "type": "rectangle", "meta": {"line": token.line}},
        {**box, "from_name": "transcription", "type": "textarea", "value": {**box["value"], "text": [token.text]}},
    ]


def _label(
    content: Content, name: str, tokens: tuple[int, ...], confidence: float | None, with_text: bool
) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    listed = content.tokens
    for number in tokens:
        token = listed[number]
        page = next(page for page in content.pages if page.number == token.page)
        if with_text:
            parts += _word(token, page)
        box = _part(token, page)
        label = {**box, "from_name": "label", "type": "labels", "value": {**box["value"], "labels": [name]}}
        parts.append(label if confidence is None else {**label, "score": confidence})
    for before, after in pairwise(tokens):
        parts.append({"type": "relation", "from_id": f"w{before}", "to_id": f"w{after}", "direction": "right"})
    return parts


def _part(token: Token, page: Page) -> dict[str, Any]:
    x0, y0, x1, y1 = token.box
    return {
        "id": f"w{token.id}",
        "to_name": "image",
        "original_width": page.width,
        "original_height": page.height,
        "image_rotation": 0,
        "item_index": page.number,
        "value": {
            "x": x0 / page.width * 100,
            "y": y0 / page.height * 100,
            "width": (x1 - x0) / page.width * 100,
            "height": (y1 - y0) / page.height * 100,
            "rotation": 0,
        },
    }


EXPORTER = LabelStudioExporter()
