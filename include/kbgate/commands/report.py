"""Read again how a run ended."""

from pathlib import Path
from typing import Annotated

import typer

from kbgate import console
from kbgate.commands.options import JsonOption, KbOption, open_kb
from kbgate.errors import UsageError
from kbgate.settings import Settings


def report(
    run: Annotated[
        str | None,
        typer.Argument(help="Name of the run's folder, or a version that it built; default: the newest run."),
    ] = None,
    kb: KbOption = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the report as one self-contained HTML file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show how a run ended and why; with --html as a file for e-mail."""
    from kbgate.artifacts import RunFolder

    settings, kb = open_kb(kb)
    run_key = find_run(settings, kb, run)
    folder = RunFolder(settings.artifact_root, kb, run_key)
    if html is not None:
        from kbgate.web.standalone import report_html

        content = report_html(settings, kb, run_key)
        try:
            html.write_text(content, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{html} could not be written: {error}. Name a file in a folder that exists.") from error
    console.show_report(folder.read_json("report.json"), as_json)
    if html is not None and not as_json:
        console.out.print(f"Written: {html}", soft_wrap=True)


def find_run(settings: Settings, kb: str, name: str | None) -> str:
    """Return the run key of a run by the name of its folder or of the version that it built; of the newest for None.

    Raises:
        UsageError: there is no such run.
    """
    from kbgate.run import registry_dsn
    from kbgate.run_folders import RunFolders

    runs = RunFolders(settings.artifact_root, kb)
    if name is None:
        newest = runs.newest("report.json", 1)
        if not newest:
            raise UsageError(f"No run of {kb} has left a report yet. Run: kbgate ingest --kb {kb}")
        return newest[0][0]
    if "/" not in name and runs.read([name], "report.json"):
        return name
    from kbgate.releases.registry import Registry

    registry = Registry(registry_dsn(settings))
    registry.migrate()
    built = {version.version: version.run_key for version in registry.versions(kb)}
    if name not in built:
        raise UsageError(
            f"There is no run and no version {name!r} of {kb}. Versions: {', '.join(built) or 'none'}; runs are the folders in "
            f"{settings.artifact_root}/{kb}/runs."
        )
    return built[name]
