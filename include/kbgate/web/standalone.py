"""The report of a run as one file that needs nothing else: for e-mail, and for people without Airflow."""

from markupsafe import Markup

from kbgate.artifacts import RunFolder
from kbgate.errors import UsageError
from kbgate.settings import Settings
from kbgate.web.environment import environment, style_sheet
from kbgate.web.run_report import read_run_report


def report_html(settings: Settings, kb: str, run_key: str) -> str:
    """Return the report of a run as self-contained HTML: styles and figures inline, no script, no link to a server.

    Raises:
        UsageError: the knowledge base has no such run.
        SettingsError: there is no such knowledge base.
    """
    settings.knowledge_base(kb)
    folder = RunFolder(settings.artifact_root, kb, run_key)
    report = read_run_report(folder)
    if report is None:
        raise UsageError(f"There is no run {run_key!r} of {kb}: {folder.uri} holds nothing. Look up its folder's name.")
    template = environment().get_template("run.html")
    return template.render(root="", style=Markup(style_sheet()), report=report, dag_id=None, run_key=run_key)
