"""Opens PDF files, with a password where one is needed."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pypdfium2

from workbench.files.import_root import opened


def open_pdf(source: Path | bytes, password: str | None = None) -> Any:
    """A PDF document; the caller closes it.

    The password may be meant for another file of the folder: a file that opens without one is opened.

    Raises:
        pypdfium2.PdfiumError: it cannot be opened.
        OSError: there is no such file.
        InputProblem: as `import_root.opened`.
    """
    try:
        return _opened(source, password)
    except pypdfium2.PdfiumError:
        if password is None:
            raise
        try:
            return _opened(source, None)
        except pypdfium2.PdfiumError:
            pass
        raise


def _opened(source: Path | bytes, password: str | None) -> Any:
    file = BytesIO(source) if isinstance(source, bytes) else opened(source)
    try:
        return pypdfium2.PdfDocument(file, password=password, autoclose=True)  # it reads from the file as it needs to
    except BaseException:
        file.close()
        raise
