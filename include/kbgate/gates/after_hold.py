"""What a person does next when gates held a run, by the gate that speaks first in its headline."""

from collections.abc import Sequence

from kbgate.results import GateResult, Verdict


def after_hold(gates: Sequence[GateResult], kb: str, folder: str, n_bad_rows: int) -> str:
    """Return the next step for the first of `gates` that failed, else for the first that is inconclusive.

    Args:
        gates: in the order of the pipeline.
        folder: where the run's files lie.
        n_bad_rows: rows of the quarantine.
    """
    gate = _first(gates)
    if gate is None:
        return "a gate left no result: mend what stopped its task and run again"
    if gate.verdict is Verdict.INCONCLUSIVE and gate.needs_reference:
        return (
            f'there is nothing live to compare with: look at the report and set kb.{kb}.release.first_ingest = "allow", then '
            "run again"
        )
    name = gate.name
    if name == "recall" and gate.verdict is Verdict.INCONCLUSIVE:
        name = "golden_set"
    bad_rows = f"; bad rows and reasons: {folder}/quarantine.parquet" if n_bad_rows else ""
    return {
        "documents": f"mend the batch and run again{bad_rows}",
        "chunks": f"mend the batch or the chunk settings and run again{bad_rows}",
        "reconcile": "run again (in Airflow: clear build_candidate); if it repeats, mend the store",
        "drift": "look at the documents that the report lists first; have the export mended, or if they are right, set "
        f'kb.{kb}.drift.mode = "warn" for this ingest',
        "coverage": "ask who deleted the documents that the report names; have them restored and run again",
        "golden_set": f"kbgate golden check --kb {kb} lists what is wrong with the questions; mend them or add some, then run again",
        "recall": f"read the worst questions in {folder}/gates/recall.json; mend the documents they need, or try other chunk "
        "settings or another model",
    }.get(name, f"read {folder}/gates/{name}.json, mend what it names and run again")


def _first(gates: Sequence[GateResult]) -> GateResult | None:
    held = [gate for gate in gates if gate.blocks]
    by_weight = (
        [gate for gate in held if gate.verdict is Verdict.FAILED],
        [gate for gate in held if not gate.needs_reference],
        held,
    )
    return next((found[0] for found in by_weight if found), None)
