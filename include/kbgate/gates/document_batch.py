"""What every measurement of the document gate looks at."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbgate.records import RejectedRow
from kbgate.sections.quality import QualitySettings

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from kbgate.quality.profile import DocumentProfile
    from kbgate.quality.replaced_numbers import ReplacedNumbers


@dataclass(frozen=True, slots=True)
class DocumentBatch:
    """A batch beside live.

    `features` has the columns of `document_features.COLUMNS`, `is_accepted` tells which of its rows go on, and `accepted`
    is these rows with a few columns (doc_id, n_tokens, n_unknown, language). `corpus` (doc_id, n_tokens) is live with the
    batch applied, or None without a live ledger in a delta. `n_missing_kept` of its documents are missing in a snapshot and stay.
    """

    features: "pd.DataFrame"
    is_accepted: "NDArray[np.bool_]"
    accepted: "pd.DataFrame"
    rejected: Sequence[RejectedRow]
    corpus: "pd.DataFrame | None"
    live_ledger: "pd.DataFrame | None"
    reference: "DocumentProfile | None"
    is_delta: bool
    settings: QualitySettings
    truncated: Collection[str] = ()
    replaced_numbers: "ReplacedNumbers | None" = None
    earlier: "pd.DataFrame | None" = None
    removed: Sequence[str] = ()
    n_missing_kept: int = 0

    @property
    def is_sample(self) -> bool:
        """Whether the batch's lengths are a sample of a corpus, so that chance has to be allowed for."""
        return self.is_delta or len(self.accepted) < self.settings.min_shift_documents

    @property
    def judges_lengths(self) -> bool:
        """Whether the batch on its own is judged for length shift; a small delta is only as part of the corpus."""
        return not self.is_delta or len(self.accepted) >= self.settings.min_shift_documents

    @property
    def brings_nothing(self) -> bool:
        """Whether this is a delta without any row that leaves some of live: one that only removes, or a quiet night's."""
        if not self.is_delta or len(self.features) or self.rejected or self.live_ledger is None or self.corpus is None:
            return False
        return len(self.corpus) > 0

    @property
    def n_unidentified(self) -> int:
        """Rows that could not be read far enough to tell which document they are."""
        return sum(1 for row in self.rejected if not row.doc_id)
