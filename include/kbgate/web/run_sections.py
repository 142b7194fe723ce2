"""What each section of a run's report shows beside its gate's measurements, taken from the files that the stages wrote."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kbgate.results import GateResult
from kbgate.web.detail_tables import detail_tables
from kbgate.web.figures.figure import Figure
from kbgate.web.run_files import RunFiles
from kbgate.web.section import Cell, Section, Table

if TYPE_CHECKING:
    from kbgate.web.figures.intent_bars import IntentBar

TITLES = {
    "documents": "Data quality of the documents",
    "chunks": "Chunks",
    "reconcile": "Source, ledger and store compared",
    "drift": "Drift",
    "recall": "Recall",
}
NOT_MEASURED = "Not measured in this run."
MAX_NAMES = 10
"""Names of documents in one cell."""
Pieces = list[Figure | Table | None]


def gate_section(files: RunFiles, name: str, gate: GateResult | None) -> Section:
    """Return the section of a gate; one that is not known here shows its details as plain tables."""
    title = TITLES.get(name, name.replace("_", " ").capitalize())
    if gate is None:
        return Section(name, title, notes=(NOT_MEASURED,))
    more = {"documents": _documents, "chunks": _chunks, "drift": _drift, "recall": _recall}.get(name)
    if more is None:
        details = {key: value for key, value in gate.details.items() if key != "examples"}
        pieces: Pieces = [*detail_tables(details)]
    else:
        pieces = more(files, gate)
    pieces.append(files.piece(f"gates/{name}.json", "examples", lambda: _examples(gate.details.get("examples"))))
    return _section(name, title, pieces, gate=gate)


def changes_section(files: RunFiles, report: Mapping[str, Any]) -> Section:
    """Return what changed between the base version and the candidate, and what its embedding took."""
    changes = files.json("changes.json")
    notes = [] if changes else [NOT_MEASURED]
    embedding = report.get("embedding")
    if isinstance(embedding, dict) and embedding:
        notes.append(str(embedding.get("message") or ""))
        if isinstance(embedding.get("seconds_saved"), int | float):
            notes.append(
                f"Vectors that were there already saved about {embedding['seconds_saved']:,.1f} s of embedding."
            )
    pieces: Pieces = [files.piece("changes.json", "counts", lambda: _change_counts(changes))]
    for kind in ("added", "changed", "removed"):
        pieces.append(files.piece("changes.json", kind, _change_examples(changes, kind)))
    return _section("changes", "What changed", pieces, notes=tuple(notes))


def _section(
    id: str, title: str, pieces: Pieces, gate: GateResult | None = None, notes: tuple[str, ...] = ()
) -> Section:
    figures = tuple(piece for piece in pieces if isinstance(piece, Figure))
    tables = tuple(piece for piece in pieces if isinstance(piece, Table))
    return Section(id, title, gate, notes, figures, tables)


def _documents(files: RunFiles, gate: GateResult) -> Pieces:
    from kbgate.web.figures.count_bars import count_bars

    file = "quarantine_summary.json"
    summary = files.json(file)
    pieces: Pieces = [_lengths(files, gate, gate.details.get("token_bins"))]
    if summary.get("n_rows"):
        pieces.append(
            files.piece(
                file, "reasons", lambda: count_bars([(str(r["reason"]), int(r["count"])) for r in summary["by_reason"]])
            )
        )
        pieces.append(files.piece(file, "sources", lambda: _sources(summary["by_source"])))
    return pieces


def _chunks(files: RunFiles, gate: GateResult) -> Pieces:
    # Documents and chunks are counted in the same bins; only the documents gate writes them down.
    documents = files.json("gates/documents.json").get("details")
    bins = documents.get("token_bins") if isinstance(documents, dict) else None
    return [_lengths(files, gate, gate.details.get("token_bins", bins))]


def _drift(files: RunFiles, gate: GateResult) -> Pieces:
    from kbgate.web.figures.chunk_map import MapPoint, chunk_map
    from kbgate.web.figures.similarity_histogram import similarity_histogram

    file, details = "gates/drift.json", gate.details
    pieces: Pieces = []
    if near := details.get("similarity_histogram"):
        pieces.append(
            files.piece(
                file,
                "similarities",
                lambda: similarity_histogram(
                    near["edges"], near["counts"], near.get("threshold"), near.get("reference_counts")
                ),
            )
        )
    if points := (laid_out := files.json("map.json")).get("points"):
        pieces.append(
            files.piece(
                "map.json",
                "map",
                lambda: chunk_map(
                    [MapPoint(p["x"], p["y"], p["origin"], f"{p['doc_id']}: {p['title']}") for p in points],
                    method=str(laid_out.get("method", "")),
                ),
            )
        )
    for key, caption in (
        ("changed_most", "Documents that changed most"),
        ("added_farthest", "New documents, least like live first"),
    ):
        pieces.append(files.piece(file, caption, _moved(caption, details.get(key))))
    return pieces


def _recall(files: RunFiles, gate: GateResult) -> Pieces:
    from kbgate.web.figures.intent_bars import intent_bars

    file, details = "gates/recall.json", gate.details
    pieces: Pieces = []
    if intents := details.get("intents"):
        pieces.append(
            files.piece(
                file,
                "intents",
                lambda: intent_bars([_intent(row) for row in intents], gate.settings.get("min_recall")),
            )
        )
    pieces.append(files.piece(file, "worst queries", lambda: _worst_queries(details.get("worst_queries"))))
    pieces.append(files.piece(file, "changed queries", lambda: _changed_queries(details.get("changed_queries"))))
    return pieces


def _lengths(files: RunFiles, gate: GateResult, bins: Sequence[int] | None) -> Figure | None:
    from kbgate.web.figures.length_histogram import length_histogram

    details = gate.details
    if bins is None or "token_histogram" not in details:
        return None
    return files.piece(
        f"gates/{gate.name}.json",
        "lengths",
        lambda: length_histogram(
            bins,
            details["token_histogram"],
            details.get("reference_token_histogram"),
            title=f"Length of {gate.name}",
        ),
    )


def _intent(row: Mapping[str, Any]) -> "IntentBar":
    from kbgate.web.figures.intent_bars import Bar, IntentBar

    def bar(prefix: str) -> Bar | None:
        value = row.get(f"{prefix}recall")
        return None if value is None else Bar(value, row.get(f"{prefix}ci_low"), row.get(f"{prefix}ci_high"))

    name = f"{row['intent']} (key)" if row.get("key_intent") else str(row["intent"])
    return IntentBar(name, bar(""), bar("live_"), row.get("n"))


def _examples(examples: Mapping[str, Sequence[Any]] | None) -> Table | None:
    if not examples:
        return None
    rows = [(rule.replace("_", " "), _names(found)) for rule, found in examples.items() if found]
    return Table("Examples", ("Rule", "Documents or chunks"), tuple(rows)) if rows else None


def _sources(rows: Sequence[Mapping[str, Any]]) -> Table:
    return Table(
        "Quarantined documents by source",
        ("Source", "Documents", "Quarantined"),
        tuple((str(row["source"]), row["n_documents"], row["n_quarantined"]) for row in rows),
        folded=True,
    )


def _change_counts(changes: Mapping[str, Any]) -> Table | None:
    if not changes:
        return None
    kinds = [kind for kind in ("added", "changed", "removed", "kept", "unchanged") if kind in changes]
    rows = tuple((kind, changes[kind]["count"]) for kind in kinds)
    return Table("Documents against the base version", ("Kind", "Documents"), rows)


def _change_examples(changes: Mapping[str, Any], kind: str) -> Callable[[], Table | None]:
    def build() -> Table | None:
        found = changes[kind]["examples"] if kind in changes else []
        rows = tuple((str(row["doc_id"]), str(row["title"])) for row in found)
        caption = f"Documents {kind}: {len(rows)} of {changes[kind]['count']}" if rows else ""
        return Table(caption, ("Document", "Title"), rows, folded=True) if rows else None

    return build


def _moved(caption: str, rows: Sequence[Mapping[str, Any]] | None) -> Callable[[], Table | None]:
    def build() -> Table | None:
        if not rows:
            return None
        cells: tuple[tuple[Cell, ...], ...] = tuple(
            (str(row["doc_id"]), str(row["title"]), row["similarity"], str(row["nearest_doc_id"])) for row in rows
        )
        return Table(caption, ("Document", "Title", "Similarity", "Nearest document in live"), cells)

    return build


def _worst_queries(queries: Sequence[Mapping[str, Any]] | None) -> Table | None:
    if not queries:
        return None
    return Table(
        "Queries that miss most",
        ("Query", "Intent", "Recall", "Recall in live", "Expected", "Retrieved, with similarity"),
        tuple(
            (
                str(query["text"]),
                str(query["intent"]),
                query["recall"],
                query.get("live_recall"),
                _names(query["expected"]),
                _retrieved(query["retrieved"], query.get("similarities") or ()),
            )
            for query in queries
        ),
    )


def _changed_queries(queries: Sequence[Mapping[str, Any]] | None) -> Table | None:
    if not queries:
        return None
    return Table(
        "Queries answered otherwise than in live",
        ("Query", "Intent", "Recall now", "Recall in live", "Retrieved now", "Retrieved in live"),
        tuple(
            (
                str(query["text"]),
                str(query["intent"]),
                query["recall_now"],
                query["recall_then"],
                _names(query["doc_ids_now"]),
                _names(query["doc_ids_then"]),
            )
            for query in queries
        ),
        folded=True,
    )


def _retrieved(doc_ids: Sequence[Any], similarities: Sequence[float]) -> str:
    known = [f"{doc_id} ({similarity:.3f})" for doc_id, similarity in zip(doc_ids, similarities, strict=False)]
    return _names([*known, *doc_ids[len(known) :]]) or "nothing"


def _names(values: Sequence[Any]) -> str:
    names = list(dict.fromkeys(str(value) for value in values))
    more = f" … and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return ", ".join(names[:MAX_NAMES]) + more
