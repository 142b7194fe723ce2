"""Settings: limits of the drift gate."""

from typing import Annotated

from pydantic import Field

from kbgate.results import Mode
from kbgate.sections.section import Section, Seed, Share, Similarity


class DriftSettings(Section):
    """Limits of the drift gate; see the decision in README: the centroid is reported, it does not block alone."""

    mode: Mode = "block"
    low_similarity: Similarity | None = Field(
        None, description="A chunk whose nearest other document is below this looks unlike live; default: low_quantile."
    )
    low_quantile: Annotated[float, Field(gt=0, le=0.5)] = Field(
        0.05, description="Share of live's own chunks that sets low_similarity, whatever the model and the language."
    )
    max_low_similarity_share: Share = Field(
        0.30,
        description="Share of the new material (mean over documents) that may look unlike live, as long as no calibration "
        "(`kbgate drift calibrate`) fits. Of 800 innocent batches the worst reached 0.30, real releases 0.07, half-sized "
        "chunks 0.18, misread letters (10 %) 0.37 to 0.43, foreign topics 0.53 to 1.",
    )
    max_self_duplicate_share: Share = Field(
        0.20, description="Share of new chunks with a near-copy in another new document; healthy collections hold 0.02."
    )
    self_duplicate_similarity: Similarity = Field(
        0.95, description="Cosine from which two chunks are near-copies, such as one template with other numbers."
    )
    min_paired_similarity: Similarity = Field(
        0.65,
        description="Median cosine of changed documents to their former selves, on a scale where two unrelated documents of "
        "live are 0. Real releases that touched every page stay above 0.88; misread letters (10 %) give 0.57.",
    )
    min_changed_documents: Annotated[int, Field(ge=1)] = Field(
        5,
        description="Fewer changed documents: their median cosine is reported, not judged. Of five pages of a release that "
        "rewrote a whole help centre the median falls below the limit once in 70 to 170 times, of five gutted pages always.",
    )
    moved_similarity: Similarity = Field(
        0.95, description="A changed document below this cosine to its former self was rewritten, not just corrected."
    )
    max_version_separability: Share = Field(
        0.85,
        description="Rewritten documents: how well (AUC) a classifier trained on other documents tells their new chunks from "
        "their old ones. Releases that touched every page give 0.56 to 0.78, markup taken off 0.80, words in random order "
        "0.91 to 0.95.",
    )
    max_query_similarity_drop: Share = Field(
        0.01,
        description="Fall of the golden queries' mean cosine to their best chunk, candidate beside live, that is warned of. Of "
        "the sample, a tenth of the pages removed at random gives 0.003 to 0.007, a whole topic removed 0.014, four fifths of "
        "the pages truncated 0.021.",
    )
    min_documents: Annotated[int, Field(ge=1)] = Field(
        10, description="Fewer new or changed documents: reported, not judged, if they are few beside the candidate."
    )
    max_small_batch_share: Share = Field(
        0.20, description="A batch below min_documents is judged all the same if it is more than this of the candidate."
    )
    permutations: Annotated[int, Field(ge=99, le=100_000)] = 999
    false_alarm_rate: Annotated[float, Field(gt=0, lt=0.5)] = Field(
        0.01, description="Share of innocent batches that may be called drift; what it measures to is printed beside."
    )
    neighbours: Annotated[int, Field(ge=1, le=100)] = 10
    min_neighbour_overlap: Share = Field(0.20, description="Across two models: overlap of document neighbourhoods.")
    sample_chunks: Annotated[int, Field(ge=100)] = Field(
        5000, description="Largest number of chunks a side to compare."
    )
    seed: Seed = 20260101
