"""Driving the real application by its keys."""

from typing import Any

from textual.pilot import Pilot


async def settled(pilot: Pilot[Any]) -> None:
    """Until nothing goes on in the background, and what it brought is drawn."""
    quiet = 0
    while quiet < 2:
        await pilot.pause()
        quiet = quiet + 1 if all(worker.is_finished for worker in pilot.app.workers) else 0
