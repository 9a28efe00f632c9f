"""Numbers that options take."""

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
