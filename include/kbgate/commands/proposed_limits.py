"""Read the limits that a person wants to try: from `--set` and from a file in the form of the settings."""

import difflib
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kbgate.errors import SettingsError, UsageError
from kbgate.gates.limit_settings import LIMITS
from kbgate.parts import explain
from kbgate.settings import KnowledgeBaseSettings

SHOWN = 5


def read_proposed_limits(
    settings: KnowledgeBaseSettings, kb: str, assignments: Sequence[str], file: Path | None
) -> dict[str, float]:
    """Return the limits by name (`quality.max_token_psi`); an assignment is stronger than the file.

    Raises:
        SettingsError: a name is no limit that past runs can be held to, or a value is out of bounds.
        UsageError: there is nothing to try, or the file cannot be read.
    """
    given = dict(_of_file(file, kb)) if file else {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise UsageError(f"--set {assignment!r} has no value. Wanted: --set quality.max_token_psi=0.3")
        given[name.strip().removeprefix(f"kb.{kb}.")] = value.strip()
    if not given:
        raise UsageError("There is nothing to try. Wanted: --set <section>.<setting>=<value>, or --file proposal.toml")
    for name in given:
        _check_name(name)
    return _validated(settings, kb, given)


def present_limits(settings: KnowledgeBaseSettings) -> dict[str, float]:
    """Today's value of every setting in `LIMITS`."""
    tree = settings.model_dump()
    names = dict.fromkeys(entry.setting for entry in LIMITS)
    return {name: float(tree[name.partition(".")[0]][name.partition(".")[2]]) for name in names}


def _of_file(file: Path, kb: str) -> Iterator[tuple[str, Any]]:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{file} cannot be read as TOML: {error}. `kbgate thresholds suggest` prints the form."
        ) from error
    of_kb = tables.get("kb")
    sections = of_kb.get(kb) if isinstance(of_kb, dict) else None
    if set(tables) != {"kb"} or not isinstance(of_kb, dict) or set(of_kb) != {kb} or not isinstance(sections, dict):
        raise SettingsError(f"{file} holds other tables than [kb.{kb}.<section>]. A proposal has limits only.")
    for section, values in sections.items():
        for field, value in values.items() if isinstance(values, dict) else [("", values)]:
            yield f"{section}.{field}".rstrip("."), value


def _check_name(name: str) -> None:
    known = {entry.setting for entry in LIMITS}
    if name in known:
        return
    section, _, field = name.partition(".")
    of_section = KnowledgeBaseSettings.model_fields.get(section)
    fields = getattr(of_section.annotation, "model_fields", {}) if of_section else {}
    if field in fields:
        raise SettingsError(
            f"{name} is no limit that is held to one measured value: it changes what is measured or when it is judged, "
            "so past runs cannot be replayed with it. Try it in a run of its own: kbgate ingest --build-only."
        )
    near = difflib.get_close_matches(name, known, 3) or sorted(k for k in known if k.startswith(f"{section}."))[:SHOWN]
    near = near or sorted({k.partition(".")[0] for k in known})
    raise SettingsError(f"There is no setting {name!r}. Known are, among others: {', '.join(near)}.")


def _validated(settings: KnowledgeBaseSettings, kb: str, given: dict[str, Any]) -> dict[str, float]:
    tree = settings.model_dump()
    for name, value in given.items():
        section, _, field = name.partition(".")
        tree[section] = {**tree[section], field: value}
    try:
        checked = KnowledgeBaseSettings.model_validate(tree).model_dump()
    except ValidationError as error:
        raise SettingsError(
            f"The proposal does not fit: {explain(error, f'kb.{kb}', KnowledgeBaseSettings)}"
        ) from error
    return {name: float(checked[name.partition(".")[0]][name.partition(".")[2]]) for name in given}
