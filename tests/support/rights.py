"""What root may do that others may not."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_VERSION = 0x20080522  # of the structures that the kernel takes
_OVERRIDE = 0b110  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: read, write and enter against a file's mode


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Rights(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


@contextmanager
def as_anybody() -> Iterator[None]:
    """Files are closed to this thread as their modes say, also where it is root's; what it starts has all rights."""
    if os.geteuid() != 0:
        yield
        return
    if sys.platform != "linux":
        pytest.skip("root may read and write everything")
    system, header, rights = ctypes.CDLL(None, use_errno=True), _Header(_VERSION, 0), (_Rights * 2)()

    def take(call: str) -> None:
        if getattr(system, call)(ctypes.byref(header), rights) != 0:
            pytest.skip("root cannot give up its rights here")

    take("capget")
    before = rights[0].effective
    rights[0].effective &= ~_OVERRIDE
    take("capset")
    try:
        yield
    finally:
        rights[0].effective = before
        take("capset")
