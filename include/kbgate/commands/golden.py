"""Look after the golden set: the questions and judgements that recall is measured on."""

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from kbgate import console
from kbgate.commands.exit_codes import exit_code
from kbgate.commands.options import BatchOption, JsonOption, KbOption, open_kb, request_for
from kbgate.errors import UsageError
from kbgate.results import Verdict
from kbgate.run import Run

if TYPE_CHECKING:
    from kbgate.golden_review import FailedQuery

SHOWN_STALE = 20


def check(kb: KbOption = None, batch: BatchOption = None, as_json: JsonOption = False) -> None:
    """Judge the golden set against the live version (before there is one: the newest built, or the source), or --batch; changes nothing."""
    from kbgate.gates.golden_set import judge_golden_set
    from kbgate.golden_documents import documents_to_judge, source_documents
    from kbgate.stages.check_golden_set import examine, read_golden_set

    run = _run(kb, {"batch": batch})
    run.registry.migrate()
    golden = read_golden_set(run)
    if golden is None:
        raise UsageError(f"kb.{run.kb}.recall.golden_set is not set. Name a folder with queries.jsonl and qrels.tsv.")
    live = run.registry.release(run.kb).live
    origin, documents = documents_to_judge(run, golden) if batch is None else (batch, source_documents(run))
    findings = examine(run, golden, documents, live)
    settings = run.kb_settings
    gate = judge_golden_set(findings, settings.golden, max_stale_share=settings.recall.max_stale_share)
    versions = {"live": live, "documents": origin, "golden_set": golden.content_hash}
    gate = gate.model_copy(update={"versions": versions})
    console.show_gates([gate], None, as_json)
    if not as_json:
        if batch is None and live is None:
            console.out.print(f"Also: nothing is live yet, so the documents of {origin} were looked at.")
        for query in findings.evidence.stale[:SHOWN_STALE]:
            console.out.print(f"Stale: {query.query_id} {query.text!r}: {query.reason}", soft_wrap=True)
        for measured in gate.measurements:
            if measured.message and measured.name != "stale_share" and measured.verdict is Verdict.PASSED:
                console.out.print(f"Also: {measured.message}", soft_wrap=True)
    raise typer.Exit(exit_code([gate], gate.blocks))


def add(
    query: Annotated[str, typer.Option("--query", help="The question in users' words.")],
    doc: Annotated[list[str], typer.Option("--doc", help="Document that answers it; may be given several times.")],
    quote: Annotated[
        list[str] | None, typer.Option("--quote", help="Its words that answer it, one for each --doc, word for word.")
    ] = None,
    intent: Annotated[str, typer.Option("--intent", help="What the question is about.")] = "",
    key_intent: Annotated[
        bool, typer.Option("--key-intent", help="The intent is one that must not get worse.")
    ] = False,
    relevance: Annotated[int, typer.Option("--relevance", min=1, help="Grade; higher answers better.")] = 1,
    provenance: Annotated[
        str, typer.Option("--provenance", help="human, production or retriever:<model or fingerprint>.")
    ] = "human",
    kb: KbOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a question with its evidence, found in the live version (before there is one: the newest built, or the source)."""
    from kbgate import golden_questions
    from kbgate.evaluation.provenance import Provenance

    try:
        source = Provenance.read(provenance)
    except ValueError as error:
        raise UsageError(f"--provenance: {error}.") from error
    new = golden_questions.NewQuestion(query, doc, quote or [], intent, key_intent, relevance, source)
    added = golden_questions.add(_run(kb), new)
    if as_json:
        _print_json(added)
    else:
        _show_added(added)


def anchor(kb: KbOption = None, as_json: JsonOption = False) -> None:
    """Write the quotes of judgements that name only a span, from the documents, so that edits can be followed."""
    from kbgate import golden_questions

    done = golden_questions.anchor(_run(kb))
    if as_json:
        _print_json(done)
        return
    console.out.print(f"{done['n_written']} quotes written to {done['golden_set']}.", soft_wrap=True)
    for judgement in done["not_anchored"]:
        console.out.print(f"Not anchored: {judgement} names no whole words of the document.", soft_wrap=True)


def review(
    failed: Annotated[
        str, typer.Option("--failed", help='JSON lines of production queries that failed: {"query": "..."} each.')
    ],
    limit: Annotated[int, typer.Option("--limit", min=1, help="So many, the most frequent first.")] = 20,
    kb: KbOption = None,
    as_json: JsonOption = False,
) -> None:
    """List failed production queries that the golden set lacks, with what is found for them, ready to be judged and added."""
    from kbgate.golden_questions import add_line
    from kbgate.golden_review import review_failed

    run = _run(kb)
    found = review_failed(run, failed, limit=limit)
    lines = [[add_line(run.kb, f.query, f.intent, c.doc_id, c.quote) for c in f.candidates] for f in found]
    if as_json:
        _print_json({"queries": [{**asdict(f), "commands": own} for f, own in zip(found, lines, strict=True)]})
        return
    if not found:
        console.out.print("Every failed query is in the golden set already.")
        return
    asks = sys.stdin.isatty() and console.out.is_terminal
    if not asks:
        console.out.print(
            "# What a search finds is no judgement: run a line only after reading that its quote answers it."
        )
    for query, own in zip(found, lines, strict=True):
        _show_failed(query)
        if not asks:
            for line in own:
                print_line(line)
        elif not _judge(run, query):
            break


def print_line(line: str) -> None:
    """Print a command as it must be typed: whole, whatever the width of the terminal."""
    console.out.print(line, soft_wrap=True)


def _judge(run: Run, query: "FailedQuery") -> bool:
    """Let a person choose the evidence of one query; False when they have had enough."""
    from kbgate import golden_questions
    from kbgate.evaluation.provenance import Provenance

    for number, candidate in enumerate(query.candidates, start=1):
        console.out.print(
            f"  {number}  {candidate.doc_id} ({candidate.similarity:.2f}): {candidate.quote}", soft_wrap=True
        )
    choice = typer.prompt("Which one answers it? number, s(kip) or q(uit)", default="s").strip()
    if choice == "q":
        return False
    if not choice.isdecimal() or not 1 <= int(choice) <= len(query.candidates):
        return True
    chosen = query.candidates[int(choice) - 1]
    quote = typer.prompt("The words that answer it", default=chosen.quote)
    intent = typer.prompt("Intent", default=query.intent)
    new = golden_questions.NewQuestion(
        query.query, [chosen.doc_id], [quote], intent, provenance=Provenance("production")
    )
    try:
        _show_added(golden_questions.add(run, new))
    except UsageError as error:
        console.out.print(Text(str(error), style="red"))
    return True


def _show_failed(query: "FailedQuery") -> None:
    times = f" ({query.count} times)" if query.count > 1 else ""
    nearest = "the golden set is empty"
    if query.nearest:
        nearest = f"nearest: {query.nearest[0]} {query.nearest[1]!r} ({query.nearest_similarity:.2f})"
    console.out.print(f"\n# {query.query!r}{times}; {nearest}", soft_wrap=True)


def _show_added(added: dict[str, Any]) -> None:
    console.out.print(f"Added {added['query_id']} to {added['golden_set']}.", soft_wrap=True)
    for warning in added["warnings"]:
        console.out.print(f"Look again: {warning}", soft_wrap=True)


def _run(kb: str | None, params: dict[str, Any] | None = None) -> Run:
    settings, kb = open_kb(kb)
    return Run(settings, request_for(settings, kb, "ingest", None, None, "golden set", params or {}, promote=False))


def _print_json(value: Any) -> None:
    console.out.print(json.dumps(value, ensure_ascii=False, indent=2, default=str), soft_wrap=True)
