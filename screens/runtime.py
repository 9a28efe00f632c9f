"""How Python itself is set, so that a key never waits for it."""

import gc
import sys

COLLECTING = (10_000, 10, 20)
"""Of the garbage collector: an opened document makes some 50,000 objects, and a whole collection takes tens of ms."""
SWITCHING = 0.0005
"""Seconds for which a thread that looks ahead may hold up the one that draws, each time that one has waited for the
disk. With Python's own 0.005 opening a long document took a third longer while places were looked for on another."""


def prepare() -> None:
    """For when all that the first screen needs is loaded; `workbench/cli.py` had the collector rest until then."""
    gc.freeze()  # what is loaded by now stays: no later collection walks it
    gc.set_threshold(*COLLECTING)
    gc.enable()
    sys.setswitchinterval(SWITCHING)
