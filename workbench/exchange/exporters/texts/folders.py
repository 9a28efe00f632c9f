"""A folder for each side of the split, and in it one for each class: texts as .txt, pages as pictures.

Holds: texts with their lines, pictures, the classes of one field, the split.
Cannot hold: other class fields, boxes, labels of words, group, language; a document of several pages becomes one
picture a page, one of several classes stands in several folders.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from storage.records import Content
from workbench.exchange.exporters.base import ExportReport, FileNames, picture_of, whole_folder
from workbench.exchange.exporters.texts.rows import only_field, options_of, text_of
from workbench.fields import FieldKind, Schema


class ClassFoldersExporter:
    """What is not labelled lies beside the folders of the classes."""

    name = "class-folders"
    folder = True

    def write(
        self, contents: Iterable[Content], schema: Schema, target: Path, pictures: Path | None = None
    ) -> ExportReport:
        written = ExportReport(of_words=False, retired=schema.retired(FieldKind.CLASS))
        field = only_field(schema, written)
        names: dict[Path, FileNames] = {}
        folders: dict[str, str] = {}  # class -> the name of its folder
        folder_names = FileNames()
        with whole_folder(target) as folder:
            for content in contents:
                options = options_of(content, field) if field is not None else []
                if len(options) > 1:
                    written.lost["documents of several classes stand in several folders"] += 1
                for option in options:
                    if option not in folders:
                        folders[option] = folder_names.fresh(option)
                if any(folders[option] != option for option in options):
                    written.lost["names of classes were changed to be names of folders"] += 1
                for option in options or [""]:
                    own = folder / content.document.side.value / folders.get(option, "")
                    own.mkdir(parents=True, exist_ok=True)
                    name = names.setdefault(own, FileNames()).fresh(content.document.name)
                    _write(content, own, name, pictures, written)
                written.count(content, pictures)
        return written


def _write(content: Content, folder: Path, name: str, pictures: Path | None, written: ExportReport) -> None:
    present = [file for page in content.pages if (file := picture_of(page, pictures)) is not None]
    if not present:
        (folder / f"{name}.txt").write_text(text_of(content), encoding="utf-8")
        return
    if len(present) > 1:
        written.lost["documents of several pages became one picture a page"] += 1
    for number, file in enumerate(present, 1):
        end = f"-{number}" if len(present) > 1 else ""
        shutil.copyfile(file, folder / f"{name}{end}{file.suffix}")


EXPORTER = ClassFoldersExporter()
