"""The document gate: may this batch of documents go on, and which of them?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kbgate.records import RejectedRow
from kbgate.results import GateResult, Measurement, Verdict, judge
from kbgate.sections.quality import QualitySettings

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from kbgate.quality.profile import DocumentProfile
    from kbgate.quality.suites import ExpectationOutcome, SuiteResult

NAME = "documents"
ADVICE = "See quarantine.parquet, fix the export, run again."
LENGTH_ADVICE = "Find out what the export cut or added, then run again."
DOUBLED = "doubled_doc_id"
MEAN_SHIFT = "token_mean_shift"
EXAMPLES = 5
# What documents.json may name beside the settings.
LIVE_PARAMETERS = (
    "live_n_documents",
    "live_token_mean",
    "live_token_std",
    "live_unknown_token_share",
    "allowed_token_mean_change",
)


@dataclass(frozen=True, slots=True)
class DocumentGate:
    """The verdict, and what the next stages need.

    `profile` describes the resulting corpus (of a delta: lengths of the corpus, languages and unknown tokens of the
    batch). `quarantine` has the schema of `kbgate.quality.quarantine.SCHEMA`. `accepted_doc_ids` go on, in order.
    """

    result: GateResult
    profile: "DocumentProfile"
    quarantine: "pa.Table"
    accepted_doc_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Batch:
    """What all measurements look at; `corpus` is live with the batch applied, or None without a live ledger in a delta."""

    features: "pd.DataFrame"
    accepted: "pd.DataFrame"
    rejected: Sequence[RejectedRow]
    corpus: "pd.DataFrame | None"
    live_ledger: "pd.DataFrame | None"
    reference: "DocumentProfile | None"
    is_delta: bool
    settings: QualitySettings

    @property
    def is_sample(self) -> bool:
        """Whether the batch's lengths are a sample of a corpus, so that chance has to be allowed for."""
        return self.is_delta or len(self.accepted) < self.settings.min_shift_documents

    @property
    def judges_lengths(self) -> bool:
        """Whether the batch on its own is judged for length shift; a small delta is only as part of the corpus."""
        return not self.is_delta or len(self.accepted) >= self.settings.min_shift_documents

    @property
    def only_removes(self) -> bool:
        """Whether this is a delta without any row that leaves some, but not all, of live."""
        if not self.is_delta or len(self.features) or self.rejected or self.live_ledger is None or self.corpus is None:
            return False
        return 0 < len(self.corpus) < len(self.live_ledger)


def judge_documents(
    *,
    features: "pd.DataFrame",
    rejected: Sequence[RejectedRow],
    reference: "DocumentProfile | None",
    live_ledger: "pd.DataFrame | None",
    mode: Literal["snapshot", "delta"],
    removed: Sequence[str] = (),
    settings: QualitySettings,
    suite_path: Path | None = None,
) -> DocumentGate:
    """Hold a batch to the suite, to live's profile and to live's ledger, and choose the documents that go on.

    `features` is what `measure_documents` returned, `live_ledger` has doc_id, content_hash, updated_at, n_tokens, `removed` lists a
    delta's explicit deletions. `suite_path` is the suite's JSON file; default: that of the settings or the checkout.
    No document at all never passes, except in a delta that only removes documents of a known live version.

    Raises:
        SettingsError: the suite is missing or malformed.
    """
    from kbgate.quality.corpus_changes import resulting_corpus
    from kbgate.quality.masks import RULES, row_masks, taken_out
    from kbgate.quality.profile import profile_documents, profile_lengths
    from kbgate.quality.quarantine import quarantine_table
    from kbgate.quality.suite_measurements import waits_for_live
    from kbgate.quality.suites import run_suite, suite_file, suite_parameters
    from kbgate.quality.summary import summarise

    parameters = suite_parameters(settings)
    masks = row_masks(features, parameters)
    leaving = taken_out(masks)
    accepted = features.loc[~leaving.to_numpy()]
    delivered = {*features["doc_id"], *(row.doc_id for row in rejected)}
    corpus = resulting_corpus(accepted, live_ledger, removed, delivered, is_delta=mode == "delta")
    batch = _Batch(features, accepted, rejected, corpus, live_ledger, reference, mode == "delta", settings)

    suite = None
    if len(features):
        frame = features.assign(is_accepted=~leaving)
        path = suite_path or suite_file(settings, NAME)
        suite = run_suite(path, frame, {**parameters, **_live_parameters(batch)}, RULES)
    measurements = _measure(batch, suite)
    verdict = judge(measurements)
    open_ones = [m for m in measurements if m.severity == "critical" and m.verdict is not Verdict.PASSED]
    shares = {name: float(mask.mean()) for name, mask in masks.items()} if len(features) else {}
    profile = profile_documents(accepted, shares)
    if batch.is_delta and corpus is not None:
        lengths = profile_lengths(corpus["n_tokens"])
        profile = profile.model_copy(update={"n_documents": len(corpus), "tokens": lengths})
    n_left_out = len(features) - len(accepted)
    passed = f"{len(features)} documents read, {n_left_out} of them left out as quarantined; that is within the limits."
    result = GateResult(
        name=NAME,
        mode=settings.documents_mode,
        verdict=verdict,
        measurements=measurements,
        message=summarise(measurements, passed),
        details=_details(batch, masks, suite, profile),
        settings=settings.model_dump(mode="json"),
        needs_reference=verdict is Verdict.INCONCLUSIVE and all(map(waits_for_live, open_ones)),
    )
    quarantine = quarantine_table(features, masks, rejected)
    return DocumentGate(result, profile, quarantine, tuple(accepted["doc_id"].tolist()))


def _live_parameters(batch: _Batch) -> dict[str, Any]:
    """What the suite may know of live; None where it is unknown or, for the change of the mean, not to be judged."""
    from kbgate.quality.length_shift import allowed_mean_change

    reference = batch.reference
    if reference is None:
        return dict.fromkeys(LIVE_PARAMETERS)
    allowed = None
    if batch.judges_lengths and len(batch.accepted):
        size = len(batch.accepted) if batch.is_sample else None
        allowed = allowed_mean_change(batch.settings.max_token_mean_shift, reference.tokens, size)
    tokens = reference.tokens
    values = (reference.n_documents, tokens.mean, tokens.std, reference.unknown_token_share, allowed)
    return dict(zip(LIVE_PARAMETERS, values, strict=True))


def _measure(batch: _Batch, suite: "SuiteResult | None") -> tuple[Measurement, ...]:
    """Everything the gate looks at, in the order a person would ask."""
    from kbgate.quality.corpus_changes import measure_corpus_changes
    from kbgate.quality.outdated import measure_outdated
    from kbgate.quality.unknown_tokens import measure_unknown_tokens

    found = [_documents_left(batch), *_malformed(batch)]
    found += _suite_measurements(batch, suite) if suite else []
    if len(batch.features):
        found.append(measure_unknown_tokens(batch.features, batch.settings.max_unknown_token_share))
    found += _length_shifts(batch)
    live_ids = None if batch.live_ledger is None else batch.live_ledger["doc_id"]
    corpus_ids = None if batch.corpus is None else batch.corpus["doc_id"]
    found += measure_corpus_changes(live_ids, corpus_ids, batch.settings)
    found.append(measure_outdated(batch.accepted, batch.live_ledger, batch.settings))
    return tuple(found)


def _documents_left(batch: _Batch) -> Measurement:
    """Whether there is anything to judge, and anything to index."""
    n, n_accepted = len(batch.features), len(batch.accepted)
    if batch.only_removes:
        message = "The delta brings no document, it only removes some."
        return Measurement(name="accepted_documents", value=0, direction="info", n=0, message=message)
    if n_accepted:
        verdict, message = Verdict.PASSED, f"{n_accepted} of {n} documents go on."
    elif n:
        verdict, message = Verdict.FAILED, f"None of the {n} documents is fit to go on."
    else:
        verdict = Verdict.INCONCLUSIVE if batch.is_delta else Verdict.FAILED
        message = (
            "The batch has no document, so nothing can be judged. Find out why the export is empty, then run again."
        )
    return Measurement(
        name="accepted_documents", value=n_accepted, threshold=1, direction="min", n=n, verdict=verdict, message=message
    )


def _malformed(batch: _Batch) -> list[Measurement]:
    """Share of the rows that could not become a document."""
    from kbgate.quality.suite_measurements import measure_share

    n_rows = len(batch.features) + len(batch.rejected)
    if not n_rows:
        return []
    count = sum(1 for row in batch.rejected if row.rule != DOUBLED)
    limit = batch.settings.max_malformed_share
    return [measure_share("malformed", count, n_rows, limit, "of rows could not be read", ADVICE)]


def _suite_measurements(batch: _Batch, suite: "SuiteResult") -> list[Measurement]:
    from kbgate.quality.masks import RULES
    from kbgate.quality.suite_measurements import measure_outcome, measure_share

    found = []
    n_doubled = sum(1 for row in batch.rejected if row.rule == DOUBLED)
    for outcome in suite.outcomes:
        if outcome.name == MEAN_SHIFT:
            found += _mean_shift_of_suite(batch, outcome)
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


def _mean_shift_of_suite(batch: _Batch, outcome: "ExpectationOutcome") -> list[Measurement]:
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


def _length_shifts(batch: _Batch) -> list[Measurement]:
    """Distribution of lengths against live: of the batch, and in a delta of the resulting corpus, mean included."""
    from kbgate.quality.length_shift import allowed_mean_change, measure_mean_shift, measure_psi
    from kbgate.quality.profile import profile_lengths
    from kbgate.quality.suite_measurements import needs_live

    if batch.reference is None:
        return [needs_live("token_psi", "The distribution of lengths")]
    live, limits, n = batch.reference.tokens, batch.settings, len(batch.accepted)
    found = []
    if batch.judges_lengths and n:
        lengths = profile_lengths(batch.accepted["n_tokens"])
        found.append(measure_psi("token_psi", "the batch", live, lengths, limits.max_token_psi, LENGTH_ADVICE))
    elif batch.is_delta:
        message = (
            f"The batch's lengths are not judged on their own: it has {n} documents, "
            f"{limits.min_shift_documents} are wanted. The resulting corpus is judged."
        )
        found.append(Measurement(name=MEAN_SHIFT, value=None, n=n, message=message))
    if not batch.is_delta:
        return found
    if batch.corpus is None:
        return [*found, needs_live("corpus_token_mean_shift", "The length of the resulting corpus")]
    if len(batch.corpus):
        where, lengths = "the resulting corpus", profile_lengths(batch.corpus["n_tokens"])
        size = lengths.n if lengths.n < limits.min_shift_documents else None
        allowed = allowed_mean_change(limits.max_token_mean_shift, live, size)
        found += [
            measure_mean_shift(f"corpus_{MEAN_SHIFT}", where, lengths.mean, lengths.n, live, allowed, LENGTH_ADVICE),
            measure_psi("corpus_token_psi", where, live, lengths, limits.max_token_psi, LENGTH_ADVICE),
        ]
    return found


def _details(
    batch: _Batch, masks: Mapping[str, "pd.Series[bool]"], suite: "SuiteResult | None", profile: "DocumentProfile"
) -> dict[str, Any]:
    """What the report draws beside the measurements."""
    from kbgate.quality.profile import TOKEN_EDGES

    by_rule = {name: int(mask.sum()) for name, mask in masks.items()}
    return {
        "n_rows": len(batch.features) + len(batch.rejected),
        "n_documents": len(batch.features),
        "n_accepted": len(batch.accepted),
        "n_rejected": len(batch.rejected),
        "mode": "delta" if batch.is_delta else "snapshot",
        "rows_by_rule": by_rule,
        "examples": {
            name: batch.features.loc[mask.to_numpy(), "doc_id"].head(EXAMPLES).tolist()
            for name, mask in masks.items()
            if by_rule[name]
        },
        "token_bins": list(TOKEN_EDGES),
        "token_histogram": list(profile.tokens.histogram),
        "reference_token_histogram": list(batch.reference.tokens.histogram) if batch.reference else None,
        "languages": profile.languages,
        "suite_statistics": suite.statistics if suite else None,
    }
