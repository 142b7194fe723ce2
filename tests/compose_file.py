"""A compose file as Docker Compose reads it: YAML first, then variables put into the values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

_VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>[A-Za-z_]\w*)(?P<rule>:-|:\?|\})|(?P<plain>[A-Za-z_]\w*))")
_REQUIRED = re.compile(r"\$\{(\w+):\?")


class MissingVariableError(Exception):
    """A variable that the file requires (`${NAME:?message}`) is unset or empty."""


@dataclass(frozen=True)
class ComposeFile:
    """The text of a compose file and what it means."""

    text: str

    @cached_property
    def raw(self) -> dict[str, Any]:
        """The tree before variables are put in."""
        return yaml.safe_load(self.text)

    @property
    def required(self) -> list[str]:
        """The names of all variables without which the file is refused, sorted."""
        return sorted({name for value in strings(self.raw) for name in _REQUIRED.findall(value)})

    def resolve(self, environment: Mapping[str, str]) -> dict[str, Any]:
        """The tree with variables put in.

        Raises:
            MissingVariableError: `environment` lacks a required variable.
        """
        return _replace(self.raw, environment)

    @cached_property
    def sample(self) -> dict[str, Any]:
        """The tree with every required variable set to `sample-<name>`, and nothing else set."""
        return self.resolve({name: f"sample-{name}" for name in self.required})


def strings(tree: Any) -> list[str]:
    """Every string value of a tree."""
    if isinstance(tree, dict):
        return [text for value in tree.values() for text in strings(value)]
    if isinstance(tree, list):
        return [text for value in tree for text in strings(value)]
    return [tree] if isinstance(tree, str) else []


def interpolate(text: str, environment: Mapping[str, str]) -> str:
    """Put variables into one value: `$$`, `$NAME`, `${NAME}`, `${NAME:-default}` (nested too) and `${NAME:?message}`.

    Raises:
        MissingVariableError: a required variable is unset or empty.
    """
    parts, position = [], 0
    while match := _VARIABLE.search(text, position):
        parts.append(text[position : match.start()])
        position = match.end()
        if match[0] == "$$":
            parts.append("$")
            continue
        value = environment.get(match["name"] or match["plain"], "")
        if match["rule"] in (":-", ":?"):
            end = _closing_brace(text, position)
            word, position = text[position:end], end + 1
            if not value and match["rule"] == ":?":
                raise MissingVariableError(f"required variable {match['name']} is missing a value: {word}")
            value = value or interpolate(word, environment)
        parts.append(value)
    return "".join([*parts, text[position:]])


def _closing_brace(text: str, position: int) -> int:
    depth = 1
    for index in range(position, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return index
    raise ValueError(f"no closing brace in {text!r}")


def _replace(tree: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(tree, dict):
        return {key: _replace(value, environment) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_replace(value, environment) for value in tree]
    return interpolate(tree, environment) if isinstance(tree, str) else tree
