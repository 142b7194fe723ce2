"""Which variables of the environment kbgate reads; one that nothing reads is refused, for whoever set it believes that it holds."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from pydantic import BaseModel

from kbgate.errors import SettingsError

PREFIX = "KBGATE_"
DEMO_VARIABLE = "KBGATE_DEMO_FOLDER"
"""Names the folder of `make demo`."""
SERVICE_LINK = re.compile(r"_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_\w+)?)$")
"""How the variables end that Kubernetes sets in every pod beside a service named kbgate."""


def refuse_unknown(names: Iterable[str], settings: type[BaseModel], *others: str) -> None:
    """Check the names of all variables against the fields of the settings and `others`; what follows `__` pydantic checks.

    Raises:
        SettingsError: a name begins as ours do, and nothing reads it; the message has the name that was probably meant.
    """
    known = [*others, DEMO_VARIABLE, *(f"{PREFIX}{name}".upper() for name in settings.model_fields)]
    for name in sorted(names):
        first = name.upper().partition("__")[0]
        if first.startswith(PREFIX) and first not in known and not SERVICE_LINK.search(first):
            raise SettingsError(
                f"{name} is no variable that kbgate reads. {_hint(name, [*known, *_nested(settings)])} Correct or unset it."
            )


def _hint(name: str, known: list[str]) -> str:
    words = [other.removeprefix(PREFIX) for other in known]
    alike = get_close_matches(name.upper().removeprefix(PREFIX), words, n=1)
    return f"Did you mean {PREFIX}{alike[0]}?" if alike else f"Known are {', '.join(known)}, {PREFIX}KB__<NAME>__…"


def _nested(settings: type[BaseModel]) -> list[str]:
    """Variables of the settings that stand one level down, such as KBGATE_REGISTRY__DSN."""
    sections = {name: getattr(field.annotation, "model_fields", {}) for name, field in settings.model_fields.items()}
    return [f"{PREFIX}{name}__{key}".upper() for name, keys in sections.items() for key in keys]
