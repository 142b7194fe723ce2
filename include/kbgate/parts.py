"""Load an exchangeable part by its name, importing its module only then."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from kbgate.errors import SettingsError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

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
        raise SettingsError(explain(error, setting, model)) from error


def explain(error: ValidationError, prefix: str, model: type[BaseModel] | None = None) -> str:
    """Turn pydantic's findings into sentences that name each setting; by `model` a misspelt one is told the name it resembles."""
    return "; ".join(_sentence(found, prefix, model) for found in error.errors())


def _sentence(found: "ErrorDetails", prefix: str, model: type[BaseModel] | None) -> str:
    place = ".".join([prefix, *(str(part) for part in found["loc"])]).strip(".")
    # A missing or unknown setting is told by its name; what pydantic shows beside it may hold a password.
    if found["type"] == "missing":
        return f"{place} is missing"
    if found["type"] == "extra_forbidden":
        return f"{place} is not a setting{_known(str(found['loc'][-1]), _names_at(model, found['loc'][:-1]))}"
    value = found.get("input")
    shown = "" if isinstance(value, Mapping) else f" (found: {value!r})"
    message = found["msg"].removeprefix("Value error, ")
    if message.startswith("Input should "):
        return f"{place} {message.removeprefix('Input ')}{shown}"
    return f"{place}: {message}{shown}".removeprefix(": ")


def _known(name: str, names: Sequence[str]) -> str:
    alike = get_close_matches(name, names, n=1)
    if alike:
        return f"; did you mean {alike[0]!r}?"
    return f"; known are: {', '.join(names)}" if names else ""


def _names_at(model: type[BaseModel] | None, place: Sequence[int | str]) -> list[str]:
    """Names that a model has at a place of its tree, such as ("kb", "faq", "recall")."""
    inner: Any = model
    for part in place:
        if get_origin(inner) is dict:
            inner = get_args(inner)[1]
        else:
            field = getattr(inner, "model_fields", {}).get(str(part))
            inner = field and field.annotation
    return list(getattr(inner, "model_fields", {}))
