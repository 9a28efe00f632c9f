"""Style sheets parsed once for all applications of a process of tests.

Every application parses the styles of its widgets: a quarter of the time that it takes to open. A program opens one, a
test run a thousand. Textual shares what it has parsed among the screens of an application in the same way.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from textual.css import stylesheet
from textual.css.model import RuleSet
from textual.css.tokenize import Token


def share(patch: pytest.MonkeyPatch) -> None:
    """From now on applications share the rules that they parse from the same text with the same variables."""
    tokenize_values, parse = stylesheet.tokenize_values, stylesheet.parse
    tokens: dict[tuple[tuple[str, str], ...], dict[str, list[Token]]] = {}
    parsed: dict[tuple[Any, ...], list[RuleSet]] = {}

    def tokenized(variables: dict[str, str]) -> dict[str, list[Token]]:
        key = tuple(variables.items())
        if key not in tokens:
            tokens[key] = tokenize_values(variables)
        return tokens[key]

    def rules(*arguments: Any, variable_tokens: dict[str, list[Token]], **options: Any) -> Iterator[RuleSet]:
        key = (*arguments, id(variable_tokens), *options.items())  # those of `tokens`, which live as long
        if key not in parsed:
            parsed[key] = list(parse(*arguments, variable_tokens=variable_tokens, **options))
        return iter(parsed[key])

    patch.setattr(stylesheet, "tokenize_values", tokenized)
    patch.setattr(stylesheet, "parse", rules)
