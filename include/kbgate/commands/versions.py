"""Look at versions."""

from kbgate import console
from kbgate.commands.options import JsonOption, KbOption, open_kb


def versions(kb: KbOption = None, as_json: JsonOption = False) -> None:
    """List the versions of a knowledge base and which one is live."""
    from kbgate import inspection

    settings, kb = open_kb(kb)
    console.show_versions(inspection.list_versions(settings, kb), as_json)


def show(version: str, kb: KbOption = None, as_json: JsonOption = False) -> None:
    """Show one version: where it came from, what its gates measured, what happened to it."""
    from kbgate import inspection

    settings, kb = open_kb(kb)
    console.show_version(inspection.describe_version(settings, kb, version), as_json)


def diff(before: str, after: str, kb: KbOption = None, as_json: JsonOption = False) -> None:
    """Compare two versions: documents, settings, profile, recall."""
    from kbgate import inspection

    settings, kb = open_kb(kb)
    console.show_diff(inspection.compare_versions(settings, kb, before, after), as_json)
