"""The same sentences, embedded in every run: do they still get the vectors that they got when live was built?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kbgate.errors import UsageError
from kbgate.results import Measurement, Verdict

NAME = "probe_similarity"
PROBE_SENTENCES = (
    "The invoice was paid twice, and the second payment is returned within five working days.",
    "Open the settings, choose your plan and confirm the change with your password.",
    "A water molecule has two hydrogen atoms and one oxygen atom.",
    "Error 502: the server did not answer in time.",
    "SELECT name, price FROM products WHERE stock < 10 ORDER BY price DESC;",
    "Der Zug nach Hamburg fährt heute zwanzig Minuten später ab.",
    "La commande a été expédiée hier et arrivera demain avant midi.",
    "¿Dónde puedo cambiar la dirección de entrega de mi pedido?",
    "信用卡遺失時，請立即致電客服中心辦理掛失。",
    "パスワードを忘れた場合は、ログイン画面から再設定してください。",
    "ok",
    "2026-11-24 08:15, 3.5 kg, EUR 1,299.00, order no. 40017",
)
"""Fixed for ever: a changed sentence would look like a changed model. Several languages, code, numbers, one word."""


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddingProbe:
    """Vectors (n, dimension) of `PROBE_SENTENCES` as this run's model gives them, and as live's run stored them.

    `live` is None where live's run stored none for the same embedding fingerprint.
    """

    fresh: NDArray[np.float32]
    live: NDArray[np.float32] | None


def judge_probe(probe: EmbeddingProbe | None, floor: float) -> Measurement:
    """Hold the sentence whose vector moved most to the limit; nothing to compare with is reported, not judged.

    Chunks embedded again show that a version fits itself; the probe shows that the model behind one fingerprint is still
    the one that made live, though library, hardware or weights were changed underneath.

    Raises:
        UsageError: the two sides have different shapes.
    """
    if probe is None or probe.live is None:
        message = "No earlier version of this embedding fingerprint stored probe vectors to compare with."
        return Measurement(name=NAME, value=None, n=0, severity="warning", message=message)
    fresh, live = np.asarray(probe.fresh, dtype=np.float64), np.asarray(probe.live, dtype=np.float64)
    if fresh.shape != live.shape:
        raise UsageError(
            f"The probe has vectors of shape {fresh.shape} now and {live.shape} in live. Wanted: one row a sentence, both "
            "of one dimension."
        )
    lengths = np.linalg.norm(fresh, axis=1) * np.linalg.norm(live, axis=1)
    similarities = np.einsum("ij,ij->i", fresh, live) / np.where(lengths > 0, lengths, np.nan)
    # NaN compares false, so it counts as different.
    n, different = len(similarities), int((~(similarities >= floor)).sum())
    value = float(similarities.min()) if np.isfinite(similarities).all() else None
    if different:
        worst = PROBE_SENTENCES[int(np.nan_to_num(similarities, nan=-2.0).argmin())]
        message = (
            f"{different} of {n} probe sentences get another vector than from live's model (cosine below {floor:g}, most of "
            f"all {worst!r}): model, library or hardware changed behind the same fingerprint."
        )
    else:
        message = f"All {n} probe sentences get the vectors that live's model gave them (lowest cosine {value:.4f})."
    return Measurement(
        name=NAME,
        value=value,
        threshold=floor,
        direction="min",
        n=n,
        verdict=Verdict.FAILED if different else Verdict.PASSED,
        message=message,
    )
