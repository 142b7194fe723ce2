"""Limits with sense: learn them from accepted runs, and try other ones on past runs before anything is enforced."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Column, Table

from kbgate import console
from kbgate.commands.options import JsonOption, KbOption, open_kb

if TYPE_CHECKING:
    from kbgate.commands.runs_a_month import RunsAMonth
    from kbgate.gates.judged_run import JudgedRun
    from kbgate.gates.retrospective import ReplayedMeasurement, ReplayedRun, Retrospective
    from kbgate.gates.threshold_proposal import LimitProposal, ThresholdProposal

ADVICE = {
    "tighten": "tighten",
    "keep": "keep",
    "too_near": "too near",
    "too_few_runs": "too few runs",
    "not_learnt": "not learnt",
}
FATES = {
    (True, "blocked"): "would have been blocked",
    (True, "unknown"): "cannot be told: it may have been blocked",
    (False, "passes"): "would have passed",
    (False, "goes_on"): "would have gone on",
    (False, "unknown"): "cannot be told: it may have passed",
}


def suggest(
    kb: KbOption = None,
    runs: Annotated[int, typer.Option("--runs", min=1, help="Newest accepted runs to learn from.")] = 30,
    false_alarms_a_month: Annotated[
        float,
        typer.Option("--false-alarms-a-month", min=0.001, help="Wanted at most, all learnt limits together."),
    ] = 1.0,
    as_json: JsonOption = False,
) -> None:
    """Propose limits from the accepted runs: value, tolerance, false alarms a month. Nothing is changed."""
    from kbgate.commands.judged_runs import read_judged_runs
    from kbgate.commands.proposed_limits import present_limits
    from kbgate.commands.runs_a_month import runs_a_month
    from kbgate.gates.threshold_proposal import propose_thresholds

    settings, kb = open_kb(kb)
    section = settings.knowledge_base(kb)
    judged, problems = read_judged_runs(settings, kb, runs)
    baseline, held = [run for run in judged if run.is_baseline], [run for run in judged if run.held]
    a_month = runs_a_month(section.schedule, [run.began for run in judged])
    proposal = propose_thresholds(
        baseline,
        held,
        present_limits(section),
        runs_a_month=a_month.number,
        alarms_a_month=false_alarms_a_month,
    )
    toml = _toml(kb, proposal, baseline)
    if as_json:
        values = {"kb": kb, "runs_a_month_from": a_month.source, "problems": problems, **asdict(proposal), "toml": toml}
        _print_json(values)
        return
    _show_problems(problems)
    _show_proposal(kb, proposal, a_month, toml)


def replay(
    kb: KbOption = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="A limit to try: quality.max_token_psi=0.3; may be repeated.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="Limits to try, as `thresholds suggest` prints them.")
    ] = None,
    runs: Annotated[
        int, typer.Option("--runs", min=1, help="Newest accepted runs, and the blocked ones among them.")
    ] = 90,
    as_json: JsonOption = False,
) -> None:
    """Show which past runs other limits would have blocked or let pass. Nothing is enforced or written."""
    from kbgate.commands.judged_runs import read_judged_runs
    from kbgate.commands.proposed_limits import read_proposed_limits
    from kbgate.gates.retrospective import replay_thresholds
    from kbgate.pipeline import GATES

    settings, kb = open_kb(kb)
    proposed = read_proposed_limits(settings.knowledge_base(kb), kb, assignments or [], file)
    judged, problems = read_judged_runs(settings, kb, runs)
    found = replay_thresholds(judged, proposed, tuple(GATES.values()))
    if as_json:
        _print_json(_replay_values(kb, proposed, problems, found))
        return
    _show_problems(problems)
    _show_replay(proposed, found)


def _show_proposal(kb: str, proposal: "ThresholdProposal", a_month: "RunsAMonth", toml: str) -> None:
    table = Table(
        Column("setting", no_wrap=True),
        "now",
        "advice",
        "proposed",
        "worst",
        "x worst",
        "runs",
        "would hold (accepted / blocked)",
        Column("false alarms a month", no_wrap=True),
        title=f"Limits of {kb} by {proposal.n_runs} accepted runs",
    )
    rows = [row for row in proposal.limits if row.advice != "not_learnt"]
    for row in rows:
        table.add_row(
            row.setting,
            f"{row.present:g}",
            ADVICE[row.advice] + (" (only warns)" if row.only_warns else ""),
            "" if row.proposed is None else f"{row.proposed:g}",
            "" if row.worst is None else f"{row.worst:.3g}",
            "" if row.tolerance is None else f"{row.tolerance:.3g}",
            str(row.n_runs),
            f"{row.n_accepted_beyond} / {row.n_held_beyond}",
            ""
            if row.alarms is None
            else f"<= {row.alarms.expected:.2g} ({row.alarms.low:.2g} to {row.alarms.high:.2g})",
        )
    console.out.print(table)
    for row in rows:
        if row.why and row.advice in ("tighten", "too_near"):
            console.out.print(f"{row.setting}: {row.why}", soft_wrap=True)
    reasons = dict.fromkeys(row.why for row in proposal.limits if row.advice == "not_learnt")
    for why in reasons:
        names = [row.setting for row in proposal.limits if row.why == why]
        console.out.print(f"{why[0].upper()}{why[1:]}: {', '.join(names)}.", soft_wrap=True)
    console.out.print(_about_alarms(proposal, a_month), soft_wrap=True)
    console.out.print(toml, soft_wrap=True)


def _about_alarms(proposal: "ThresholdProposal", a_month: "RunsAMonth") -> str:
    runs = f"{proposal.runs_a_month:.3g} runs a month ({a_month.source})."
    if proposal.alarms is None:
        return f"{runs} There are too few accepted runs to propose anything: keep the present limits."
    alarms, left_out = proposal.alarms, proposal.n_left_out_beyond
    return (
        f"{runs} The method aims at {proposal.wanted_alarms_a_month:g} false alarms a month for all limits together. The "
        "table says what so many runs prove of one limit, without an assumption about their distribution (interval of 95 %). "
        f"All proposals together: judged by limits from the other runs, {left_out} of {proposal.n_runs} accepted runs would "
        f"have been blocked, which is {alarms.expected:.2g} false alarms a month ({alarms.low:.2g} to {alarms.high:.2g}). "
        "All this holds for runs that the present limits let pass."
    )


def _toml(kb: str, proposal: "ThresholdProposal", baseline: "list[JudgedRun]") -> str:
    """The proposals as tables of the settings; looser ones are comments, so that nobody loosens a gate by pasting."""
    told = [row for row in proposal.limits if row.proposed is not None]
    if not told:
        return "# Nothing to propose: keep the present limits."
    first, last = min(run.began for run in baseline), max(run.began for run in baseline)
    lines = [
        f"# {proposal.n_runs} accepted runs, {first:%Y-%m-%d} to {last:%Y-%m-%d}. Try it before you use it:",
        f"# kbgate thresholds replay --kb {kb} --file proposal.toml",
    ]
    for section in dict.fromkeys(row.setting.partition(".")[0] for row in told):
        lines.append(f"[kb.{kb}.{section}]")
        lines += [_toml_line(row) for row in told if row.setting.startswith(f"{section}.")]
    return "\n".join(lines)


def _toml_line(row: "LimitProposal") -> str:
    line = f"{row.setting.partition('.')[2]} = {row.proposed!r}"
    if row.advice == "tighten":
        return f"{line}  # now {row.present:g}; {row.why}"
    return f"# {line}  # now {row.present:g}; looser: {row.why}"


def _show_replay(proposed: dict[str, float], found: "Retrospective") -> None:
    table = Table("run", "then", "now", "gate", "measured", "value", "old limit", "new limit", "comes out")
    for replayed in found.runs:
        if not replayed.differs and not replayed.measurements:
            continue
        run = replayed.run
        name = f"{run.began:%Y-%m-%d %H:%M} {run.version or ''}".strip()
        fate = FATES.get((run.accepted, replayed.fate), "as then") if replayed.differs else "as then"
        then = "accepted" if run.accepted else "blocked"
        for i, measured in enumerate(replayed.measurements):
            table.add_row(*((name, then, fate) if not i else ("", "", "")), *_measured_cells(measured))
        if not replayed.measurements:
            table.add_row(name, then, fate, *[""] * 6)
        table.add_section()
    names = ", ".join(f"{name} = {value:g}" for name, value in proposed.items())
    if table.row_count:
        console.out.print(table)
    console.out.print(f"Tried: {names}. {_summary(found)}", soft_wrap=True)
    for replayed in found.runs:
        if replayed.run.held and replayed.measurements and (replayed.other_reasons or replayed.unmeasured_gates):
            console.out.print(_why_not_passed(replayed), soft_wrap=True)
    for inexact in found.inexact:
        console.out.print(
            f"The new limit of {inexact.gate} {inexact.measurement} is not exact in {inexact.n_runs} runs, and the outcome "
            f"unknown in {inexact.n_unknown}: {inexact.why}.",
            soft_wrap=True,
        )
    if found.never_measured:
        console.out.print(f"Held no run to a limit: {', '.join(found.never_measured)}.", soft_wrap=True)
    console.out.print("Nothing was enforced or written.")


def _measured_cells(measured: "ReplayedMeasurement") -> list[str]:
    sign = "<= " if measured.direction == "max" else ">= "
    low, high = measured.new_limit_low, measured.new_limit_high
    if low == high and low is not None:
        limit = f"{sign}{low:.4g}"
    else:
        limit = f"{sign}{'?' if low is None else f'{low:.4g}'} to {'?' if high is None else f'{high:.4g}'}"
    comes_out = {True: "passes", False: "fails", None: "unknown"}[measured.passes_now]
    return [
        measured.gate,
        measured.measurement,
        f"{measured.value:.4g}",
        f"{sign}{measured.old_limit:.4g}",
        limit,
        comes_out if measured.blocks else f"{comes_out} (only warns)",
    ]


def _summary(found: "Retrospective") -> str:
    n_accepted = sum(replayed.run.accepted for replayed in found.runs)
    blocked, unsure = found.count(accepted=True, fate="blocked"), found.count(accepted=True, fate="unknown")
    passes, goes_on = found.count(accepted=False, fate="passes"), found.count(accepted=False, fate="goes_on")
    open_ones = found.count(accepted=False, fate="unknown")
    return (
        f"Of {n_accepted} accepted runs {blocked} would have been blocked and {unsure} cannot be told. Of "
        f"{len(found.runs) - n_accepted} blocked runs {passes} would have passed, {goes_on} would have gone on to gates that "
        f"never measured them, and {open_ones} cannot be told."
    )


def _why_not_passed(replayed: "ReplayedRun") -> str:
    name = f"{replayed.run.began:%Y-%m-%d %H:%M}"
    if replayed.other_reasons:
        return f"{name} was also held by {', '.join(replayed.other_reasons)}."
    return f"{name} was never measured by {', '.join(replayed.unmeasured_gates)}."


def _replay_values(kb: str, proposed: dict[str, float], problems: list[str], found: "Retrospective") -> dict[str, Any]:
    return {
        "kb": kb,
        "proposed": proposed,
        "problems": problems,
        "n_accepted": sum(replayed.run.accepted for replayed in found.runs),
        "n_held": sum(replayed.run.held for replayed in found.runs),
        "runs": [
            {
                "run_key": replayed.run.run_key,
                "began": replayed.run.began.isoformat(),
                "version": replayed.run.version,
                "accepted_then": replayed.run.accepted,
                "fate": replayed.fate,
                "differs": replayed.differs,
                "measurements": [asdict(measured) for measured in replayed.measurements],
                "other_reasons": replayed.other_reasons,
                "unmeasured_gates": replayed.unmeasured_gates,
            }
            for replayed in found.runs
        ],
        "inexact": [asdict(inexact) for inexact in found.inexact],
        "never_measured": found.never_measured,
    }


def _show_problems(problems: list[str]) -> None:
    for problem in problems:
        console.out.print(f"Left out: {problem}", soft_wrap=True)


def _print_json(values: dict[str, Any]) -> None:
    console.out.print(json.dumps(values, ensure_ascii=False, indent=2), soft_wrap=True)
