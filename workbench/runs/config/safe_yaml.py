"""Reads YAML as configurations are written: bounded in size, without dates and numbers to base sixty."""

import re
from contextlib import suppress
from typing import Any

import yaml

from storage.exceptions import ConfigProblem

_NODES = 20_000
"""Values of a document, aliases counted as what they stand for: nine lines of aliases stand for a thousand million."""
_LONGEST = 1_000_000  # characters
_REMEDY = "Correct the file at the place named."


class _Loader(yaml.SafeLoader):
    """Counts what aliases stand for before it is made."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._nodes = 0
        self._sizes: dict[str, int] = {}  # anchor -> values

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._sizes:
                raise yaml.YAMLError(f"*{event.anchor} stands for nothing before it (line {line})")
            self._nodes += self._sizes[event.anchor]
            node = super().compose_node(parent, index)
        else:
            before = self._nodes
            self._nodes += 1
            node = super().compose_node(parent, index)
            if event.anchor:
                self._sizes[event.anchor] = self._nodes - before
        if self._nodes > _NODES:
            raise yaml.YAMLError(f"it holds more than {_NODES:,} values (line {line})")
        return node


# 2024-13-45 and 190:20:30 are texts, which no setting takes for a number; all else is as PyYAML has it.
_INT = r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]+|0|[1-9][0-9_]*)$"
_FLOAT = r"([-+]?[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)([eE][-+][0-9]+)?$|[-+]?\.(inf|Inf|INF)$|\.(nan|NaN|NAN)$"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":int", ":float"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, _pattern in ((":int", _INT), (":float", _FLOAT)):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002{_tag}", re.compile(_pattern), [*"-+0123456789."])


class _FastLoader(_Loader):
    """Has libyaml read the text where PyYAML has it: four times as fast, but its messages do not show the place."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        if yaml.__with_libyaml__:
            parser = yaml.CSafeLoader(text)
            for name in ("check_event", "peek_event", "get_event"):  # all that the other steps ask of a parser
                setattr(self, name, getattr(parser, name))


def load(text: str) -> Any:
    """The data of a YAML document.

    Raises:
        ConfigProblem: it is not YAML, too large, or nested too deeply; the message names the line.
    """
    try:
        with suppress(yaml.YAMLError):
            return _loaded(text, _FastLoader)
        return _loaded(text, _Loader)
    except yaml.YAMLError as error:
        raise ConfigProblem(f"This is not YAML: {error}", _REMEDY) from error
    except RecursionError as error:
        raise ConfigProblem("This is not YAML that can be used: it is nested too deeply.", _REMEDY) from error
    except (ValueError, TypeError, AttributeError) as error:  # a number of 5,000 digits, !!timestamp of no day
        raise ConfigProblem(f"This is not YAML that can be used: {str(error)[:200]}", _REMEDY) from error


def _loaded(text: str, kind: type[_Loader]) -> Any:
    if len(text) > _LONGEST:
        raise yaml.YAMLError(f"it has {len(text):,} characters; no configuration has more than {_LONGEST:,}")
    loader = kind(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def lines_of(text: str) -> dict[str, int]:
    """Section, and section.key -> line of a configuration that `load` reads."""
    try:
        root = _Loader(text).get_single_node()
    except (yaml.YAMLError, RecursionError):
        return {}
    lines: dict[str, int] = {}
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        lines[str(key.value)] = key.start_mark.line + 1
        for inner, _ in value.value if isinstance(value, yaml.MappingNode) else ():
            lines[f"{key.value}.{inner.value}"] = inner.start_mark.line + 1
    return lines
