"""Driving the real application by its keys."""

from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot


async def settled(pilot: Pilot[Any]) -> None:
    """Until nothing goes on in the background, and what it brought is drawn."""
    quiet = 0
    while quiet < 2:
        await pilot.pause()
        quiet = quiet + 1 if all(worker.is_finished for worker in pilot.app.workers) else 0


async def until(pilot: Pilot[Any], condition: Callable[[], object]) -> None:
    """Wait for something to become true, for two minutes at least."""
    for _ in range(2400):
        if condition():
            return
        await pilot.pause(0.05)
    raise TimeoutError(f"never came true: {condition}")
