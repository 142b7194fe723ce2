"""Whether the embedding model can read the batch at all."""

import pandas as pd

from kbgate.quality.shares import limit_percent, percent, ratio_with_interval
from kbgate.results import Measurement, Verdict

NAME = "unknown_token_share"


def measure_unknown_tokens(features: pd.DataFrame, limit: float) -> Measurement:
    """Unknown tokens of all tokens of the batch (columns n_unknown, n_tokens), held to a largest share.

    The interval treats documents, not tokens, as independent. Without any token it is INCONCLUSIVE.
    """
    n_tokens = int(features["n_tokens"].sum())
    if not n_tokens:
        message = "No text has a token, so it is unknown whether the embedding model can read it."
        return Measurement(
            name=NAME,
            value=None,
            threshold=limit,
            direction="max",
            n=0,
            verdict=Verdict.INCONCLUSIVE,
            message=message,
        )
    share, low, high = ratio_with_interval(features["n_unknown"], features["n_tokens"])
    message = f"{percent(share)} of {n_tokens} tokens are unknown to the embedding model; the limit is {limit_percent(limit)}."
    if share > limit:
        message = f"{message} The model cannot read this text; choose one for its language."
    return Measurement(
        name=NAME,
        value=share,
        threshold=limit,
        direction="max",
        n=n_tokens,
        ci_low=low,
        ci_high=min(high, 1.0),
        verdict=Verdict.FAILED if share > limit else Verdict.PASSED,
        message=message,
    )
