"""The lengths of a batch's documents against those of live."""

from kbgate.gates.document_batch import DocumentBatch
from kbgate.results import Measurement

MEAN_SHIFT = "token_mean_shift"
ADVICE = "Find out what the export cut or added, then run again."


def allowed_batch_change(batch: DocumentBatch) -> float | None:
    """Tokens by which the batch's mean may differ from live's; None where it is not judged on its own."""
    from kbgate.quality.length_shift import allowed_mean_change

    if batch.reference is None or not batch.judges_lengths or not len(batch.accepted):
        return None
    size = len(batch.accepted) if batch.is_sample else None
    return allowed_mean_change(batch.settings.max_token_mean_shift, batch.reference.tokens, size)


def measure_lengths(batch: DocumentBatch) -> list[Measurement]:
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
        found.append(measure_psi("token_psi", "the batch", live, lengths, limits.max_token_psi, ADVICE))
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
            measure_mean_shift(f"corpus_{MEAN_SHIFT}", where, lengths.mean, lengths.n, live, allowed, ADVICE),
            measure_psi("corpus_token_psi", where, live, lengths, limits.max_token_psi, ADVICE),
        ]
    return found
