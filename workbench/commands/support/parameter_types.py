"""What arguments and options take: numbers within a range, and paths that are named."""

import math
from typing import Any

import click


class Range(click.FloatRange):
    """A number from one to another; "nan", which is below and above nothing, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is no number.", param, ctx)
        return number


class NamedPath(click.Path):
    """A path; an empty one, of a script's variable that is not set, would be the folder in use and is refused."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("It is empty. The folder in use is called . (a dot).", param, ctx)
        return super().convert(value, param, ctx)
