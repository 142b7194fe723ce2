"""What the Great Expectations suite found in a batch of documents."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kbgate.gates.document_batch import DocumentBatch
from kbgate.gates.document_lengths import ADVICE as LENGTH_ADVICE
from kbgate.gates.document_lengths import MEAN_SHIFT, allowed_batch_change
from kbgate.results import Measurement, Verdict

if TYPE_CHECKING:
    from kbgate.quality.suites import ExpectationOutcome, SuiteResult

ADVICE = "See quarantine.parquet, fix the export, run again."
DOUBLED = "doubled_doc_id"
# What documents.json may name beside the settings.
LIVE_PARAMETERS = (
    "live_n_documents",
    "live_token_mean",
    "live_token_std",
    "live_unknown_token_share",
    "allowed_token_mean_change",
)


def run_document_suite(batch: DocumentBatch, parameters: Mapping[str, Any], path: Path) -> "SuiteResult":
    """Run the suite at `path` over the batch's features and the column `is_accepted`, which tells what rows go on.

    Raises:
        SettingsError: the suite is malformed.
    """
    from kbgate.quality.masks import RULES
    from kbgate.quality.suites import run_suite

    frame = batch.features.assign(is_accepted=batch.is_accepted)
    return run_suite(path, frame, {**parameters, **_live_parameters(batch)}, RULES)


def measure_suite(batch: DocumentBatch, suite: "SuiteResult") -> list[Measurement]:
    """Return the measurements of the suite's expectations, in its order."""
    from kbgate.quality.masks import RULES
    from kbgate.quality.suite_measurements import measure_outcome, measure_share

    found = []
    n_doubled = sum(1 for row in batch.rejected if row.rule == DOUBLED)
    for outcome in suite.outcomes:
        if outcome.name == MEAN_SHIFT:
            found += _mean_shift(batch, outcome)
            continue
        measurement = measure_outcome(outcome, RULES, "documents", ADVICE)
        if outcome.rule == DOUBLED and n_doubled:
            # Sources hold back doubled ids themselves, so the frame that GX sees has lost them.
            measurement = measure_share(
                DOUBLED,
                n_doubled + (outcome.n_unexpected or 0),
                len(batch.features) + n_doubled,
                outcome.max_share or 0.0,
                "of documents share their doc_id with another",
                ADVICE,
                measurement.severity,
            )
        found.append(measurement)
    return found


def _live_parameters(batch: DocumentBatch) -> dict[str, Any]:
    """What the suite may know of live; None where it is unknown or, for the change of the mean, not to be judged."""
    reference = batch.reference
    if reference is None:
        return dict.fromkeys(LIVE_PARAMETERS)
    tokens = reference.tokens
    change = allowed_batch_change(batch)
    values = (reference.n_documents, tokens.mean, tokens.std, reference.unknown_token_share, change)
    return dict(zip(LIVE_PARAMETERS, values, strict=True))


def _mean_shift(batch: DocumentBatch, outcome: "ExpectationOutcome") -> list[Measurement]:
    """GX judged the batch's mean length; say it as a relative change."""
    from kbgate.quality.length_shift import measure_mean_shift
    from kbgate.quality.suite_measurements import measure_outcome

    if batch.reference is None or outcome.low is None or outcome.observed is None:
        # Without a live version it is open; a small delta is judged as part of the corpus only.
        return [measure_outcome(outcome, {}, "documents", LENGTH_ADVICE)] if batch.reference is None else []
    lengths = batch.reference.tokens
    allowed = lengths.mean - outcome.low
    n = len(batch.accepted)
    shift = measure_mean_shift(MEAN_SHIFT, "the batch", outcome.observed, n, lengths, allowed, LENGTH_ADVICE)
    if (shift.verdict is Verdict.PASSED) is not outcome.success:
        # Someone gave the expectation bounds of their own; GX's judgement stands.
        return [measure_outcome(outcome, {}, "documents", LENGTH_ADVICE)]
    return [shift.model_copy(update={"severity": outcome.severity})]
