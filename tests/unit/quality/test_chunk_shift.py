import numpy as np
import pandas as pd

from kbgate.quality.chunk_shift import measure_chunk_shift
from kbgate.quality.profile import profile_chunks
from kbgate.results import Verdict
from kbgate.sections.quality import QualitySettings

SETTINGS = QualitySettings()


def clustered_chunks(seed: int, mean: float = 150) -> pd.DataFrame:
    """Thirty documents of four chunks each; the chunks of a document are alike."""
    rng = np.random.default_rng(seed)
    level = np.repeat(rng.normal(mean, 60, 30), 4)
    lengths = (level + rng.normal(0, 10, 120)).clip(10, 240).astype(int)
    return pd.DataFrame({"doc_id": np.repeat([f"d{i}" for i in range(30)], 4), "n_tokens": lengths})


def alarms(mean: float) -> int:
    live = profile_chunks(pd.concat([clustered_chunks(seed) for seed in range(5000, 5020)]), 240)
    found = [measure_chunk_shift(clustered_chunks(seed, mean), live, 240, SETTINGS, "") for seed in range(300)]
    return sum(m.verdict is Verdict.FAILED for m in found)


def test_alike_chunks_within_a_document_raise_fewer_than_2_percent_false_alarms():
    assert alarms(150) < 6


def test_half_the_length_is_seen():
    assert alarms(75) > 290
