"""Load an exchangeable part by its name, importing its module only then."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from kbgate.errors import SettingsError

Options = TypeVar("Options", bound=BaseModel)


def load(registry: Mapping[str, str], name: str, setting: str) -> Any:
    """Return the class registered as `name`, such as `"jsonl": "kbgate.sources.jsonl:JsonlSource"`.

    Raises:
        SettingsError: the name is not registered; the message names `setting` and the names that are, or the extra to install.
    """
    if name not in registry:
        known = ", ".join(sorted(registry))
        raise SettingsError(f"{setting} is {name!r}, which is not a known part. Use one of: {known}.")
    module_name, _, class_name = registry[name].partition(":")
    try:
        return getattr(import_module(module_name), class_name)
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"{setting} is {name!r}, which needs the Python package {error.name!r}, and that is not installed. "
            "Install the extra that carries it (see pyproject.toml), for example: pip install 'kbgate[postgres]'."
        ) from error


def read_options(model: type[Options], options: Mapping[str, Any], setting: str) -> Options:
    """Validate a part's own options; an unknown or wrong one is an error that names it.

    Raises:
        SettingsError: the message names every wrong setting and what was wanted.
    """
    try:
        return model.model_validate(dict(options))
    except ValidationError as error:
        raise SettingsError(explain(error, setting)) from error


def explain(error: ValidationError, prefix: str) -> str:
    """Turn pydantic's findings into sentences that name each setting."""
    lines = []
    for found in error.errors():
        place = ".".join([prefix, *(str(part) for part in found["loc"])]).strip(".")
        value = found.get("input")
        # A missing or unknown setting is told by its name; what pydantic shows beside it may hold a password.
        shown = "" if isinstance(value, Mapping) or found["type"] == "extra_forbidden" else f" (found: {value!r})"
        lines.append(f"{place}: {found['msg']}{shown}")
    return "; ".join(lines)
