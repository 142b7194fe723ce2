"""More documents that break a rule than live has: some collections break it on purpose, so only an increase is held."""

from kbgate.quality.held_measurement import hold_to_most
from kbgate.quality.shares import limit_percent, percent, wilson_interval
from kbgate.results import Measurement


def measure_rule_increase(
    rule: str, finding: str, count: int, n: int, live_share: float | None, limit: float, advice: str
) -> Measurement:
    """Hold how much the share of documents that break `rule` certainly grew to `limit`; the measurement is `<rule>_increase`.

    `count` of the batch's `n` documents break it, `live_share` of live's did; `finding` completes "3 % of documents …".
    Judged is the lower end of the share's 95 % interval (Wilson) minus live's share, so that a small batch is not held by
    chance.
    """
    name = f"{rule}_increase"
    if live_share is None or not n:
        return Measurement(
            name=name, value=None, n=n, message=f"No live version says how many documents {finding} in it."
        )
    value = wilson_interval(count, n)[0] - live_share
    message = (
        f"{percent(count / n)} of documents {finding}, {percent(live_share)} did in live; an increase that "
        f"is certainly more than {limit_percent(limit)} is held."
    )
    return hold_to_most(name, value, limit, n, message, advice)
