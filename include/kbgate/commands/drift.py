"""Calibrate the drift gate on the knowledge base's own history."""

import json
from typing import Annotated

import typer
from rich.table import Table

from kbgate import console
from kbgate.commands.options import JsonOption, KbOption, open_kb, request_for
from kbgate.run import Run


def calibrate(
    kb: KbOption = None,
    draws: Annotated[
        int,
        typer.Option("--draws", min=200, help="Batches drawn out of live at each size; half of them set the limit."),
    ] = 2000,
    as_json: JsonOption = False,
) -> None:
    """Set the drift gate's limits for the stated false-alarm rate, by drawing whole documents out of live."""
    from kbgate.drift_calibration import CALIBRATION_FILE, folder
    from kbgate.stages.check_drift import calibrate_on_live

    settings, kb = open_kb(kb)
    run = Run(settings, request_for(settings, kb, "ingest", None, None, "drift calibration", {}, promote=False))
    calibration = calibrate_on_live(run, draws)
    file = f"{folder(run).uri}/{CALIBRATION_FILE}"
    if as_json:
        measured = [
            {"false_alarm_rate": size.false_alarm_rate, "interval": size.interval} for size in calibration.sizes
        ]
        console.out.print(
            json.dumps({"file": file, **calibration.model_dump(mode="json"), "measured": measured}, indent=2),
            soft_wrap=True,
        )
        return
    table = Table(
        "documents",
        "median",
        "90 %",
        "95 %",
        "99 %",
        "limit",
        "false alarms",
        "95 % interval",
        "one topic",
        title=f"Share unlike live of {calibration.draws} batches out of {calibration.version}",
    )
    for size in calibration.sizes:
        low, high = size.interval
        table.add_row(
            str(size.n_documents),
            *(f"{quantile:.1%}" for quantile in size.quantiles),
            f"{size.limit:.1%}" + (" (past ingest)" if size.past_share is not None else ""),
            f"{size.false_alarm_rate:.1%}",
            f"{low:.1%} to {high:.1%}",
            f"{size.topic_alarm_rate:.0%}",
        )
    console.out.print(table)
    console.out.print(
        f"Asked for: {calibration.false_alarm_rate:.1%} false alarms; measured on {calibration.sizes[0].n_held_out} batches a "
        f"size that had no part in the limit. {len(calibration.past)} past ingests were looked at. The last column: batches "
        "about one topic of live, as a new section is, that would be held.",
        soft_wrap=True,
    )
    console.out.print(f"Written to {file}; the next ingest uses it.", soft_wrap=True)
