"""More leftover markup than live has: some collections hold tags on purpose, so only an increase is held."""

from kbgate.quality.held_measurement import hold_to_most
from kbgate.quality.shares import limit_percent, percent, wilson_interval
from kbgate.results import Measurement

NAME = "markup_increase"
ADVICE = (
    "Look at the documents in quarantine.parquet with the rule markup: the export or the extractor leaves HTML in them."
)


def measure_markup_increase(count: int, n: int, live_share: float | None, limit: float) -> Measurement:
    """Hold how much the share of documents with leftover markup certainly grew to `limit`.

    `count` of the batch's `n` documents have markup, `live_share` of live's had. Judged is the lower end of the share's
    95 % interval (Wilson) minus live's share, so that a small batch is not held by chance.
    """
    if live_share is None or not n:
        return Measurement(
            name=NAME, value=None, n=n, message="There is no live version whose markup could be compared."
        )
    value = wilson_interval(count, n)[0] - live_share
    message = (
        f"{percent(count / n)} of documents hold leftover markup, {percent(live_share)} did in live; an increase that "
        f"is certainly more than {limit_percent(limit)} is held."
    )
    return hold_to_most(NAME, value, limit, n, message, ADVICE)
