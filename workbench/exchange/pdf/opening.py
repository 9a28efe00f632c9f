"""Opens PDF files, with a password where one is needed."""

from pathlib import Path
from typing import Any

import pypdfium2


def open_pdf(source: Path | bytes, password: str | None = None) -> Any:
    """A PDF document; the caller closes it.

    The password may be meant for another file of the folder: a file that opens without one is opened.

    Raises:
        pypdfium2.PdfiumError: it cannot be opened.
        FileNotFoundError: there is no such file.
    """
    try:
        return pypdfium2.PdfDocument(source, password=password)
    except pypdfium2.PdfiumError:
        if password is None:
            raise
        try:
            return pypdfium2.PdfDocument(source)
        except pypdfium2.PdfiumError:
            pass
        raise
