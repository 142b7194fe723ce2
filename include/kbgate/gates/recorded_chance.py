"""What chance explains of a length shift in a past run, worked out again from what its gate recorded."""

from kbgate.results import GateResult, Measurement


def recorded_chance(gate: GateResult, measured: Measurement) -> float | None:
    """The least limit that `measured` of the document gate can have, whatever the setting; None if the record is silent.

    Of whole corpora the mean is known and not estimated, so chance explains nothing. The stability index follows
    `quality.length_shift.allowed_psi` on the recorded histograms, which are of the batch in a snapshot and of the corpus in
    a delta.
    """
    name, details, is_delta = measured.name, gate.details, gate.details.get("mode") == "delta"
    if gate.name != "documents" or "mode" not in details or name.startswith("corpus_") is not is_delta:
        return None
    if name.endswith("token_mean_shift"):
        return 0.0 if (measured.n or 0) >= gate.settings.get("min_shift_documents", float("inf")) else None
    reference, current = details.get("reference_token_histogram"), details.get("token_histogram")
    if not name.endswith("token_psi") or not reference or not current or len(reference) != len(current):
        return None
    from kbgate.quality.length_shift import allowed_psi
    from kbgate.quality.profile import LengthProfile

    live, batch = (
        LengthProfile(n=sum(counts), mean=0.0, std=0.0, quantiles={}, histogram=tuple(counts))
        for counts in (reference, current)
    )
    return allowed_psi(0.0, live, batch)
