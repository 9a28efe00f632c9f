"""A file of texts' vectors: it only grows, and can be deleted at any time: what is missing is made again. [worker]

A record is the digest of a text (16 bytes) and its vector of 16-bit floats. Records are read, not mapped into memory,
so that a network drive that goes away gives an error and not a signal.
"""

import errno
import io
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DIGEST_BYTES = 16
_MOST_IN_MEMORY = 2_000  # vectors that found no space on the disk
_PART = 4096  # records that are read at a time when the file is opened


class VectorFile:
    """The vectors of one encoder.

    Args:
        path: of the file; made when the first vector comes.
        width: numbers of a vector.
        norm: the length that every vector has; others are damaged.
        most_bytes: that the file may take; the older half goes where it would take more.
    """

    def __init__(self, path: Path, width: int, norm: float, most_bytes: int) -> None:
        self._path, self._norm, self._most = path, norm, most_bytes
        self._record = np.dtype([("digest", f"V{DIGEST_BYTES}"), ("vector", np.float16, (width,))])
        self._file: io.FileIO | None = None
        self._rows: dict[bytes, int] = {}
        self._count = 0
        self._without_space: dict[bytes, NDArray[np.float16]] = {}
        with suppress(OSError):
            self._open()

    @property
    def is_full(self) -> bool:
        """Whether the disk had no space, so that only the latest vectors are known."""
        return bool(self._without_space)

    def missing(self, digests: Sequence[bytes]) -> list[bytes]:
        """Those that there is no vector of."""
        return [d for d in dict.fromkeys(digests) if d not in self._rows and d not in self._without_space]

    def read(self, digests: Sequence[bytes]) -> dict[bytes, NDArray[np.float16]]:
        """The vectors of texts; those that are missing or damaged are left out, and missing from now on."""
        vectors = {d: self._without_space[d] for d in digests if d in self._without_space}
        wanted = sorted({self._rows[d] for d in digests if d in self._rows})
        for first, last in _stretches(wanted):
            for record in self._records(first, last):
                digest, vector = record["digest"].tobytes(), record["vector"]
                if abs(float(np.linalg.norm(vector.astype(np.float32))) - self._norm) < 0.05:
                    vectors[digest] = vector
        for digest in digests:
            if digest not in vectors:
                self._rows.pop(digest, None)
        return vectors

    def add(self, vectors: Mapping[bytes, NDArray[np.floating]]) -> None:
        """Keep vectors; where the disk is full, the latest in memory."""
        records = np.zeros(len(vectors), self._record)
        for number, (digest, vector) in enumerate(vectors.items()):
            records[number] = (np.void(digest), vector.astype(np.float16))
        try:
            self._append(records)
        except OSError:
            self._without_space |= {r["digest"].tobytes(): r["vector"].copy() for r in records}
            while len(self._without_space) > _MOST_IN_MEMORY:
                del self._without_space[next(iter(self._without_space))]

    def _append(self, records: NDArray[np.void]) -> None:
        if self._file is None:
            self._open()
        if (self._count + len(records)) * self._record.itemsize > self._most:
            self._halve()
        assert self._file is not None  # opened above
        start = self._count * self._record.itemsize
        try:
            self._file.seek(start)
            left = memoryview(records.tobytes())
            while left:  # a disk that gets full takes the beginning, and says so only the next time
                written = self._file.write(left)
                if not written:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
                left = left[written:]
        except OSError:
            with suppress(OSError):
                self._file.truncate(start)
            raise
        for number, record in enumerate(records, self._count):
            self._rows[record["digest"].tobytes()] = number
        self._count += len(records)

    def _open(self) -> None:
        """Read which vectors there are."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        self._file = os.fdopen(descriptor, "r+b", buffering=0)
        self._count = os.fstat(descriptor).st_size // self._record.itemsize
        self._rows = {}
        for first in range(0, self._count, _PART):
            for number, record in enumerate(self._records(first, min(first + _PART, self._count)), first):
                self._rows[record["digest"].tobytes()] = number

    def _records(self, first: int, end: int) -> NDArray[np.void]:
        """Records of the file; none where they cannot be read."""
        size = self._record.itemsize
        try:
            if self._file is None:
                return np.zeros(0, self._record)
            self._file.seek(first * size)
            content = self._file.read((end - first) * size)
        except OSError:
            return np.zeros(0, self._record)
        return np.frombuffer(content[: len(content) // size * size], self._record)

    def _halve(self) -> None:
        """Leave the newer half."""
        kept = self._records(self._count // 2, self._count).tobytes()
        temporary = self._path.with_name(self._path.name + ".new")
        temporary.unlink(missing_ok=True)
        try:
            temporary.write_bytes(kept)
            temporary.replace(self._path)
        except OSError:
            temporary.unlink(missing_ok=True)  # it takes the last of a full disk's space
            raise
        self._open()


def _stretches(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Ascending row numbers as stretches (first, behind the last)."""
    stretches: list[tuple[int, int]] = []
    for row in rows:
        if stretches and stretches[-1][1] == row:
            stretches[-1] = (stretches[-1][0], row + 1)
        else:
            stretches.append((row, row + 1))
    return stretches
