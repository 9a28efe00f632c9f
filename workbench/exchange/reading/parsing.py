"""What the importers of text formats share: bytes with limits, JSON with reasons, files beside files, word boxes.

All functions raise `InputProblem` with a reason, without the file's name; importers turn it into
`Rejected`.
"""

import functools
import json
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec

from storage.exceptions import InputProblem
from storage.records import Box
from workbench.exchange import json_keys
from workbench.exchange.reader_process import MEMORY
from workbench.exchange.reading.incoming import Incoming, IncomingToken, Options, Rejected
from workbench.files.import_root import LABELLED, SIDE_BY_SIDE, may_be_read, opened
from workbench.locate.layout import split_line
from workbench.settings import Limits

_BOM = b"\xef\xbb\xbf"
_ANY = msgspec.json.Decoder()
_PARTS = msgspec.json.Decoder(list[msgspec.Raw])
_MOST_A_BYTE = 24  # bytes of memory a byte of JSON: an empty object takes 72, and is three long
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")
PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".gif", ".avif", ".jp2")

HEAD = 1 << 16
"""Bytes at the start of a file by which formats are recognised."""


def head_of(path: Path) -> bytes:
    """The first 64 KiB of a file.

    Raises:
        InputProblem: it cannot be opened.
    """
    try:
        with opened(path) as file:
            return file.read(HEAD) or b""  # None of a file of the system that has nothing to say now
    except OSError as error:
        raise InputProblem(f"it cannot be opened: {error.strerror or error}") from error


def content(path: Path, limits: Limits) -> bytes:
    """A file's bytes, without a byte-order mark."""
    content_size(path, limits)
    try:
        with opened(path) as file:  # a device or a growing file has more than its size says
            data = file.read(limits.file_bytes + 1) or b""
    except OSError as error:
        raise InputProblem(f"it cannot be read: {error.strerror or error}") from error
    if len(data) > limits.file_bytes:
        raise InputProblem(f"it is larger than {limits.file_bytes / 1e6:,.0f} MB (file_bytes under [limits])")
    if not data.strip():
        raise InputProblem("it is empty")
    return data.removeprefix(_BOM)


def content_size(path: Path, limits: Limits) -> None:
    """Refuse a file that is larger than the limits allow."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise InputProblem(f"it cannot be read: {error.strerror or error}") from error
    if size > limits.file_bytes:
        raise InputProblem(
            f"it has {size / 1e6:,.0f} MB; the limit is {limits.file_bytes / 1e6:,.0f} MB (file_bytes under [limits])"
        )


def text_of(data: bytes) -> str:
    """UTF-8 text."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputProblem(f"it is not UTF-8 text (byte {error.start + 1})") from error


def decode(data: bytes, decoder: "msgspec.json.Decoder[Any]" = _ANY) -> Any:
    """JSON, as the decoder's type. NaN and Infinity, which Python writes, are read too."""
    check_memory(data, quote=28)
    json_keys.check(data)
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise InputProblem(f"it has a value of another kind than expected: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        value = json.loads(text_of(data))
        if _HALF.search(data):  # half a surrogate pair becomes a character that `clean` replaces, and speaks of
            value = json.loads(_SURROGATE.sub(r"\\u0000", json.dumps(value, ensure_ascii=False)))
        return convert(value, decoder.type)
    except json.JSONDecodeError as error:
        raise InputProblem(
            f"it is not JSON, or cut off: {error.msg} (line {error.lineno}, column {error.colno})"
        ) from error
    except RecursionError as error:
        raise InputProblem("its JSON is nested too deeply") from error


def check_memory(data: bytes, quote: int) -> None:
    """Refuse JSON that takes far more memory than it has bytes, as `[[],[],…`: 72 bytes for every { or [."""
    if len(data) * _MOST_A_BYTE > MEMORY:
        takes = 72 * (data.count(b"{") + data.count(b"[")) + quote * data.count(b'"')
        if takes > MEMORY:
            raise InputProblem(f"reading it takes {takes / 1e9:.1f} GB of memory; the limit is {MEMORY / 1e9:.1f} GB")


def json_of(path: Path, limits: Limits, kind: Any = Any) -> Any:
    """A JSON file as a value of this kind."""
    return decode(content(path, limits), msgspec.json.Decoder(kind))


def convert(value: Any, type: Any) -> Any:
    """A decoded value as a typed one."""
    try:
        return msgspec.convert(value, type)
    except msgspec.ValidationError as error:
        raise InputProblem(f"it has a value of another kind than expected: {error}") from error


def records(path: Path, options: Options, decoder: "msgspec.json.Decoder[Any]" = _ANY) -> Iterator[tuple[str, Any]]:
    """(where, record) of a JSON object, a JSON list or JSON lines; a record that cannot be read is an InputProblem.

    Raises:
        InputProblem: the file as a whole cannot be read.
    """
    if is_lines(path, options.limits):
        with opened(path) as file:
            for number, line in enumerate(file, 1):
                stripped = line.removeprefix(_BOM).strip()
                if stripped:
                    yield f"line {number}", _tried(stripped, decoder)
        return
    data = content(path, options.limits)
    if not data.lstrip().startswith(b"["):
        yield "", decode(data, decoder)
        return
    check_memory(data, quote=0)  # its records are decoded one at a time
    try:
        parts = _PARTS.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        listed = decode(data)  # with NaN in it, or no JSON
    else:  # one record at a time: decoded as a whole it takes ten times the file's size
        for number, part in enumerate(parts, 1):
            yield f"record {number}", _tried(bytes(part), decoder)
        return
    for number, record in enumerate(listed, 1):
        try:
            yield f"record {number}", record if decoder is _ANY else convert(record, decoder.type)
        except InputProblem as problem:
            yield f"record {number}", problem


def _tried(data: bytes, decoder: "msgspec.json.Decoder[Any]") -> Any:
    try:
        return decode(data, decoder)
    except InputProblem as problem:
        return problem


def is_lines(path: Path, limits: Limits) -> bool:
    """Whether a JSON file holds one record a line rather than one value."""
    content_size(path, limits)
    first_lines: list[bytes] = []
    try:
        with opened(path) as file:
            for line in file:
                if stripped := line.removeprefix(_BOM).strip():
                    first_lines.append(stripped)
                if len(first_lines) == 2:
                    break
    except OSError as error:
        raise InputProblem(f"it cannot be read: {error.strerror or error}") from error
    if not first_lines:
        raise InputProblem("it is empty")
    if not first_lines[0].startswith(b"{"):
        return False
    if len(first_lines) == 2:
        return first_lines[1].startswith(b"{") or (
            first_lines[0].endswith(b"}") and not isinstance(_tried(first_lines[0], _ANY), Exception)
        )
    return path.suffix.lower() in (".jsonl", ".ndjson")


def need(record: Mapping[str, Any], key: str, kind: type | tuple[type, ...], what: str = "it") -> Any:
    """record[key], of this kind."""
    value = record.get(key) if isinstance(record, Mapping) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        missing = not isinstance(record, Mapping) or key not in record
        raise InputProblem(
            f'{what} has no "{key}"' if missing else f'{what} has a "{key}" of another kind than expected'
        )
    return value


def number(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError as error:
            raise InputProblem("a number has more than 300 digits") from error
    raise InputProblem(f"{str(value)[:40]!r} stands where a number is expected")


def around(points: Iterable[Sequence[Any]]) -> Box:
    """The upright box around points (x, y)."""
    listed = list(points)
    if not listed or not all(isinstance(point, list | tuple) and len(point) == 2 for point in listed):
        raise InputProblem("a box has no corners, or one that is no point")
    pairs = [(number(x), number(y)) for x, y in listed]
    xs, ys = [x for x, _ in pairs], [y for _, y in pairs]
    return min(xs), min(ys), max(xs), max(ys)


def box_of(value: Any) -> Box:
    """A box from [x0, y0, x1, y1], eight coordinates, or four points."""
    if isinstance(value, list) and value and isinstance(value[0], list):
        if all(isinstance(point, list) and len(point) == 2 for point in value):
            return around(value)
    elif isinstance(value, list) and len(value) == 4:
        return number(value[0]), number(value[1]), number(value[2]), number(value[3])
    elif isinstance(value, list) and len(value) == 8:
        return around(list(zip(value[0::2], value[1::2], strict=True)))
    raise InputProblem(f"{json.dumps(value, default=str)[:60]} is no box")


def inside(options: Options, base: Path, name: str) -> Path | None:
    """The file that a record names, relative to the record's file or the import's root; None when it does not exist.

    Raises:
        InputProblem: it is outside the import's root, also through symbolic links.
    """
    if not name.strip() or "\0" in name:
        return None
    parts = Path(name).parts
    folders = [base] if ".." in parts else [base, options.root]
    for folder in dict.fromkeys(folders):
        try:
            real = Path(os.path.realpath(folder / name))
            allowed = is_within(options, real)
            if allowed and real.is_file():
                return real
            if not allowed and (".." in parts or Path(name).is_absolute() or real.is_file()):
                raise InputProblem(f"{name[:120]!r} is outside the imported folder and not read: put the file into it")
        except (OSError, ValueError):  # not a valid file name here
            return None
    return None


def is_within(options: Options, path: Path) -> bool:
    """Whether a path that was not named by the user leads to below the import's root, also through symbolic links."""
    is_below = not _roots(options.root, options.data_set).isdisjoint(Path(os.path.realpath(path)).parents)
    return is_below and may_be_read(path, options.root)


@functools.lru_cache(maxsize=64)
def _roots(root: Path, data_set: Path | None) -> frozenset[Path]:
    beside = () if data_set is None else (_real(data_set) / part for part in SIDE_BY_SIDE)
    return frozenset((_real(root), *beside))


def _real(path: Path) -> Path:
    real = Path(os.path.realpath(path))
    return real if real.is_dir() else real.parent


def picture_for(
    options: Options, base: Path, names: Iterable[str], notes: list[str]
) -> tuple[Path, float, float] | None:
    """(file, width, height in pixels) of the first picture that can be read; why none can goes to `notes`."""
    from workbench.exchange import pictures  # Pillow: only when there is a picture

    problems: list[str] = []
    for name in names:
        try:
            file = inside(options, base, name)
            if file is not None:
                width, height = pictures.measure(file, options.limits)[0]
                return file, float(width), float(height)
        except InputProblem as problem:
            problems.append(f"picture left out: {problem.message}")
    notes += problems
    return None


def around_file(path: Path, options: Options) -> Options:
    """Options under which the folders of a data set that are beside a file's own folder may be read too.

    A data set's parts are side by side (box/, key/, img/): to import box/ alone means the whole set.
    """
    folder = path.parent.absolute()
    return replace(options, data_set=folder.parent) if folder.name.casefold() in LABELLED else options


def part_of_data_set(options: Options, path: Path, name: str) -> Path | None:
    """The file that a format has beside a file, named relative to that; None where it is not there, or leads out."""
    try:
        return inside(around_file(path, options), path.parent, name)
    except InputProblem:
        return None


def picture_beside(
    options: Options, path: Path, folders: Iterable[str], notes: list[str]
) -> tuple[Path, float, float] | None:
    """The picture with a file's stem in one of the folders, named relative to the file's own."""
    bases = [path.parent, options.root]
    # The whole check of a name takes 0.3 ms, and a file has 80 possible names: only those that are there get it.
    there = [folder for folder in folders if any((base / folder).is_dir() for base in bases)]
    ends = [end for suffix in PICTURES for end in (suffix, suffix.upper())]
    names = [f"{folder}/{path.stem}{end}" for folder in there for end in ends]
    named = [name for name in names if any(os.access(f"{base}/{name}", os.F_OK) for base in bases)]
    present = [name for name in named if part_of_data_set(options, path, name)]
    return picture_for(around_file(path, options), path.parent, present, notes)


def local_name(reference: str) -> str:
    """The path in a reference to a file: without scheme, host, drive and query, percent signs decoded, with slashes."""
    if match := re.search(r"[?&]d=([^&]+)", reference):  # Label Studio's local files
        path = unquote(match[1])
    else:
        path = unquote(re.sub(r"^[a-z0-9+.-]+://([^/]+/)?", "", reference, flags=re.I).split("?")[0])
    return re.sub(r"^[A-Za-z]:(?=[\\/])", "", path).replace("\\", "/")


def page_of_boxes(tokens: Iterable[IncomingToken]) -> tuple[float, float]:
    """A page that is just large enough for the boxes, at least 1 × 1."""
    width = height = 1.0
    for token in tokens:
        x0, y0, x1, y1 = token.box
        if x0 + x1 + y0 + y1 < math.inf:  # infinities and NaN are refused later, with the word
            width, height = max(width, x0, x1), max(height, y0, y1)
    return width, height


def each(
    path: Path, records: Iterable[tuple[str, Any]], read: Callable[[str, Any], Incoming]
) -> Iterator[Incoming | Rejected]:
    """The documents of a file's records; a record that cannot be read, or is an `InputProblem`, is named and left out.

    Args:
        path: of the file.
        records: (where, record), as `records` gives them; an `InputProblem` that it raises ends the file.
        read: makes a document of (where, record).
    """
    try:
        for where, record in records:
            try:
                if isinstance(record, InputProblem):
                    raise record
                yield read(where, record)
            except InputProblem as problem:
                yield rejected(path, where, problem)
    except InputProblem as problem:
        yield rejected(path, "", problem)


def rejected(path: Path, where: str, problem: InputProblem) -> Rejected:
    """A `Rejected` for a problem."""
    return Rejected(str(path), where, problem.message)


def only_document(path: Path, read: Callable[[], Incoming]) -> Iterator[Incoming | Rejected]:
    """What `read` gives, the one document of a file; or why it cannot be read."""
    try:
        yield read()
    except InputProblem as problem:
        yield rejected(path, "", problem)


def check_number_of_pages(pages: int, options: Options) -> None:
    """Refuse a document of more pages than a document may have.

    Raises:
        InputProblem: it is one.
    """
    if pages > options.limits.pages:
        raise InputProblem(f"it has {pages:,} pages; the limit is {options.limits.pages:,} (pages under [limits])")


def words_in(text: str, box: Box) -> list[tuple[str, Box]]:
    """The words of a line or region with a box each; a blank text is one empty word, so that it is counted."""
    return split_line(text, box) or [("", box)]


def is_json(head: bytes) -> bool:
    """Whether a file begins as a JSON object or list."""
    return head.removeprefix(_BOM).lstrip()[:1] in (b"{", b"[")
