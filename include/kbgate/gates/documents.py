"""The document gate: may this batch of documents go on, and which of them?"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kbgate.gates.document_batch import DocumentBatch
from kbgate.gates.document_lengths import measure_lengths
from kbgate.gates.document_suite import ADVICE, DOUBLED, measure_suite, run_document_suite
from kbgate.records import RejectedRow
from kbgate.results import GateResult, Measurement, Verdict, judge
from kbgate.sections.quality import QualitySettings

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from kbgate.quality.masks import Masks
    from kbgate.quality.profile import DocumentProfile
    from kbgate.quality.replaced_numbers import ReplacedNumbers
    from kbgate.quality.suites import SuiteResult

NAME = "documents"
EXAMPLES = 5
ACCEPTED_COLUMNS = ["doc_id", "n_tokens", "n_unknown", "language"]
INCREASE_ADVICE = (
    "Look at the documents in quarantine.parquet with the rule {rule}: the export or the extractor wrote them so."
)
DATED_COLUMNS = ["doc_id", "content_hash", "updated_at"]


@dataclass(frozen=True, slots=True)
class DocumentGate:
    """The verdict, and what the next stages need.

    `profile` describes the resulting corpus (see `corpus_profile`). `masks` tell for each rule which rows of `features` break it, `is_accepted` which rows go on.
    """

    result: GateResult
    profile: "DocumentProfile"
    features: "pd.DataFrame"
    masks: "Masks"
    rejected: Sequence[RejectedRow]
    is_accepted: "NDArray[np.bool_]"

    @property
    def accepted_doc_ids(self) -> tuple[str, ...]:
        """The documents that go on, in order; made anew by each call, so of a large batch ask `is_accepted`."""
        return tuple(self.features.loc[self.is_accepted, "doc_id"].tolist())

    @property
    def quarantine(self) -> "pa.Table":
        """The quarantine in memory, without excerpts; of a large batch take `quarantine_batches`."""
        from kbgate.quality.quarantine import quarantine_table

        return quarantine_table(self.features, self.masks, self.rejected)

    def quarantine_batches(self, excerpts: Mapping[int, str]) -> "Iterator[pa.Table]":
        """Yield the quarantine in parts of bounded size; `excerpts` are beginnings of texts by row of `features`."""
        from kbgate.quality.quarantine import quarantine_batches

        return quarantine_batches(self.features, self.masks, self.rejected, excerpts)


def judge_documents(
    *,
    features: "pd.DataFrame",
    rejected: Sequence[RejectedRow],
    reference: "DocumentProfile | None",
    live_ledger: "pd.DataFrame | None",
    mode: Literal["snapshot", "delta"],
    removed: Sequence[str] = (),
    truncated: Collection[str] = (),
    replaced_numbers: "ReplacedNumbers | None" = None,
    earlier: "pd.DataFrame | None" = None,
    settings: QualitySettings,
    suite_path: Path | None = None,
) -> DocumentGate:
    """Hold a batch to the suite, to live's profile and to live's ledger, and choose the documents that go on.

    `features` is what `measure_documents` returned; `live_ledger` has doc_id, content_hash, updated_at, n_tokens. `removed` lists
    a delta's explicit deletions, `truncated` the documents that are only the beginning of what live has, `replaced_numbers`
    those with other numbers, `earlier` (doc_id, content_hash) what the versions held that live descends from and live does not.
    `suite_path` is the suite's JSON file; default: that of the settings or the checkout. No document at all never passes,
    except in a delta that leaves documents of a known live version. A single row that is set aside never holds a batch.

    Raises:
        SettingsError: the suite is missing, malformed, or states other rules than those that set rows aside.
    """
    import pandas as pd

    from kbgate.quality.corpus_changes import resulting_corpus
    from kbgate.quality.id_places import id_places
    from kbgate.quality.masks import RULES, row_masks, taken_out
    from kbgate.quality.profile import corpus_profile, profile_documents
    from kbgate.quality.row_limits import row_limits
    from kbgate.quality.suite_agreement import require_agreement
    from kbgate.quality.suite_file import suite_file
    from kbgate.quality.suite_measurements import waits_for_live
    from kbgate.quality.suites import suite_parameters
    from kbgate.quality.summary import summarise

    parameters = suite_parameters(settings, **row_limits(settings, len(features)))
    masks = row_masks(features, parameters)
    is_accepted = ~taken_out(masks).to_numpy()
    accepted = features.loc[is_accepted, ACCEPTED_COLUMNS]
    delivered = pd.concat([features["doc_id"], pd.Series([row.doc_id for row in rejected], dtype="str")])
    is_delta = mode == "delta"
    # In a snapshot each document that is missing may be a row whose id nobody could read.
    keeps_missing = not is_delta and any(not row.doc_id for row in rejected)
    corpus = resulting_corpus(accepted, live_ledger, removed, delivered, is_delta=is_delta, keeps_missing=keeps_missing)
    n_missing_kept = 0
    if keeps_missing and live_ledger is not None:
        n_missing_kept = int((id_places(live_ledger["doc_id"], delivered) < 0).sum())
    batch = DocumentBatch(
        features,
        is_accepted,
        accepted,
        rejected,
        corpus,
        live_ledger,
        reference,
        is_delta,
        settings,
        truncated,
        replaced_numbers,
        earlier,
        removed,
        n_missing_kept,
    )

    suite = None
    if len(features):
        suite_path = suite_path or suite_file(settings, NAME)
        suite = run_document_suite(batch, parameters, suite_path)
        require_agreement(suite_path, suite, masks, [name for name, rule in RULES.items() if rule.takes_out])
    measurements = _measure(batch, suite, masks)
    verdict = judge(measurements)
    open_ones = [m for m in measurements if m.severity == "critical" and m.verdict is not Verdict.PASSED]
    shares = {name: float(mask.mean()) for name, mask in masks.items()} if len(features) else {}
    profile = profile_documents(accepted, shares)
    if corpus is not None:
        profile = corpus_profile(profile, corpus["n_tokens"], reference)
    result = GateResult(
        name=NAME,
        mode=settings.documents_mode,
        verdict=verdict,
        measurements=measurements,
        message=summarise(measurements, _within_limits(batch)),
        details=_details(batch, masks, suite, profile),
        settings=settings.model_dump(mode="json"),
        needs_reference=verdict is Verdict.INCONCLUSIVE and all(map(waits_for_live, open_ones)),
    )
    return DocumentGate(result, profile, features, masks, rejected, is_accepted)


def _measure(batch: DocumentBatch, suite: "SuiteResult | None", masks: "Masks") -> tuple[Measurement, ...]:
    """Everything the gate looks at, in the order a person would ask."""
    from kbgate.quality.corpus_changes import (
        measure_corpus_changes,
        measure_missing_kept,
        measure_unknown_deletions,
    )
    from kbgate.quality.outdated import measure_outdated
    from kbgate.quality.replaced_numbers import ReplacedNumbers, measure_replaced_numbers
    from kbgate.quality.truncated import measure_truncated
    from kbgate.quality.unknown_tokens import measure_unknown_tokens

    found = [_documents_left(batch), *_malformed(batch)]
    found += measure_suite(batch, suite) if suite else []
    if len(batch.features):
        found.append(measure_unknown_tokens(batch.features, batch.settings.max_unknown_token_share))
    found += measure_lengths(batch)
    live_ids = None if batch.live_ledger is None else batch.live_ledger["doc_id"]
    corpus_ids = None if batch.corpus is None else batch.corpus["doc_id"]
    found += measure_corpus_changes(live_ids, corpus_ids, batch.settings, batch.n_missing_kept)
    found += measure_missing_kept(batch.n_missing_kept, batch.n_unidentified)
    found += measure_unknown_deletions(batch.removed, live_ids)
    dated = batch.features.loc[batch.is_accepted, DATED_COLUMNS]
    found.append(measure_outdated(dated, batch.live_ledger, batch.settings, batch.earlier))
    found.append(measure_truncated(batch.features, batch.live_ledger, batch.truncated, batch.settings))
    replaced = batch.replaced_numbers or ReplacedNumbers()
    found.append(measure_replaced_numbers(batch.features["doc_id"], batch.live_ledger, replaced, batch.settings))
    found += _rule_increases(batch, masks)
    return tuple(found)


def _within_limits(batch: DocumentBatch) -> str:
    """What came and what was left out, for a batch that may go on."""
    n, n_unread = len(batch.features), len(batch.rejected)
    unread = f" and {n_unread} rows that are no document" if n_unread else ""
    return f"{n} documents{unread} read, {n - len(batch.accepted)} of them left out as quarantined; that is within the limits."


def _rule_increases(batch: DocumentBatch, masks: "Masks") -> list[Measurement]:
    """What some collections do on purpose, and a spoilt batch does more often than live."""
    from kbgate.quality.masks import RULES
    from kbgate.quality.rule_increase import measure_rule_increase

    limits = {
        "some_mojibake": batch.settings.max_some_mojibake_increase,
        "markup": batch.settings.max_markup_increase,
        "title_longer_than_text": batch.settings.max_title_longer_increase,
    }
    return [
        measure_rule_increase(
            rule,
            RULES[rule].finding,
            int(masks[rule].sum()),
            len(batch.features),
            batch.reference.rule_shares.get(rule) if batch.reference else None,
            limit,
            INCREASE_ADVICE.format(rule=rule),
        )
        for rule, limit in limits.items()
    ]


def _documents_left(batch: DocumentBatch) -> Measurement:
    """Whether there is anything to judge, and anything to index."""
    n, n_accepted = len(batch.features), len(batch.accepted)
    if batch.brings_nothing and batch.live_ledger is not None and batch.corpus is not None:
        message = f"The delta brings no document, it removes {len(batch.live_ledger) - len(batch.corpus)}."
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


def _malformed(batch: DocumentBatch) -> list[Measurement]:
    """Share of the rows that could not become a document."""
    from kbgate.quality.row_limits import row_limits
    from kbgate.quality.suite_measurements import measure_share

    n_rows = len(batch.features) + len(batch.rejected)
    if not n_rows:
        return []
    count = sum(1 for row in batch.rejected if row.rule != DOUBLED)
    limit = row_limits(batch.settings, n_rows)["max_malformed_share"]
    return [measure_share("malformed", count, n_rows, limit, "of rows could not be read", ADVICE)]


def _details(
    batch: DocumentBatch, masks: "Masks", suite: "SuiteResult | None", profile: "DocumentProfile"
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
            name: batch.features["doc_id"].iloc[mask.to_numpy().nonzero()[0][:EXAMPLES]].tolist()
            for name, mask in masks.items()
            if by_rule[name]
        },
        "token_bins": list(TOKEN_EDGES),
        "token_histogram": list(profile.tokens.histogram),
        "reference_token_histogram": list(batch.reference.tokens.histogram) if batch.reference else None,
        "languages": profile.languages,
        "suite_statistics": suite.statistics if suite else None,
    }
