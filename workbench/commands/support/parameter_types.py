"""What arguments and options take: numbers within a range, and paths that are named."""

import math
from pathlib import Path
from typing import Any

import click

from workbench.files.typed_paths import is_too_deep


class Range(click.FloatRange):
    """A number from one to another; "nan", which is below and above nothing, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is no number.", param, ctx)
        return number


class NamedPath(click.Path):
    """A path that has a name, and no more folders in one another than can be made.

    An empty one, of a script's variable that is not set, would be the folder in use.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("It is empty. The folder in use is called . (a dot).", param, ctx)
        if is_too_deep(Path(value)):
            self.fail("It has too many folders in one another.", param, ctx)
        return super().convert(value, param, ctx)
