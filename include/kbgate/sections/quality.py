"""Settings: limits of the document gate and the chunk gate."""

from typing import Annotated

from pydantic import Field

from kbgate.results import Mode
from kbgate.sections.section import Section, Share


class QualitySettings(Section):
    """Limits of the document gate and the chunk gate; shares are of the rows of the batch.

    One row that is malformed, or that a rule sets aside, is always allowed, unless its limit is 0.
    """

    documents_mode: Mode = "block"
    chunks_mode: Mode = "block"
    suites: str | None = Field(
        None, description="Folder with documents.json and chunks.json; default: the project's expectations/."
    )
    languages: tuple[str, ...] = Field(("en",), description="ISO 639-1 codes that are expected.")
    max_malformed_share: Share = 0.02
    max_empty_text_share: Share = 0.02
    max_empty_title_share: Share = 0.02
    max_exact_duplicate_share: Share = Field(
        0.02,
        description="Healthy collections hold up to 1.6 % (shared FAQ answers, a page kept thrice); the incident 3.2 %.",
    )
    stub_tokens: Annotated[int, Field(ge=0)] = Field(
        32, description="A copy of a shorter text, such as 'See our general guide', is a stub and goes on."
    )
    max_stub_share: Share = Field(
        0.05, description="Stubs with the text of another document; 3.0 % in a healthy documentation release."
    )
    max_near_duplicate_share: Share = 0.05
    near_duplicate_similarity: Annotated[float, Field(gt=0.5, le=1)] = Field(
        0.85, description="Jaccard of 5-character shingles."
    )
    max_doubled_id_share: Share = 0.0
    max_special_character_share: Share = Field(
        0.30, description="A document above this share of non-letter characters is bad."
    )
    max_special_documents_share: Share = 0.02
    max_control_character_share: Share = Field(
        0.01, description="Share of documents with control or replacement characters."
    )
    max_mojibake_share: Share = Field(0.01, description="Share of documents with mis-decoded text.")
    max_some_mojibake_share: Share = Field(
        0.05,
        description="Share of documents with any mis-decoded character, however long they are; no text of "
        "five healthy collections had one. A knowledge base that explains broken text needs more.",
    )
    max_some_mojibake_increase: Share = Field(
        0.02, description="What that share may certainly have grown by since live; more holds the batch."
    )
    max_markup_share: Share = Field(0.02, description="Share of documents with leftover markup; more only warns.")
    max_markup_increase: Share = Field(
        0.02, description="What that share may certainly have grown by since live; more holds the batch."
    )
    max_title_longer_share: Share = Field(
        0.05, description="Share of documents whose title is longer than their text; more only warns."
    )
    max_title_longer_increase: Share = Field(
        0.02, description="What that share may certainly have grown by since live; more holds the batch."
    )
    max_injected_share: Share = Field(
        0.01, description="Share of documents that give instructions to a language model; such documents are set aside."
    )
    max_truncated_share: Share = Field(
        0.02, description="Documents that are only the beginning of what live has; one or two are always allowed."
    )
    max_replaced_numbers_share: Share = Field(
        0.03,
        description="Documents with the words of live but other numbers in most places; one or two are always allowed, and "
        "the same change in several documents is an edit.",
    )
    max_other_language_share: Share = 0.05
    max_unknown_token_share: Share = Field(0.02, description="Unknown tokens of all tokens of the batch.")
    max_document_unknown_share: Share = Field(
        0.30, description="A document above this share of unknown tokens cannot be read by the model."
    )
    max_unreadable_documents_share: Share = 0.02
    max_token_mean_shift: Share = Field(
        0.30,
        description="Relative change of the mean document length against live. A healthy documentation release moved it "
        "by 24 %, the incident by 38 %.",
    )
    max_token_psi: Annotated[float, Field(ge=0, le=10)] = Field(
        0.40,
        description="Population stability index of document lengths; 0.34 in a healthy documentation release.",
    )
    max_lost_share: Share = Field(
        0.15, description="Documents of live that the candidate would lose; a healthy docs release lost 10.5 %."
    )
    max_added_share: Annotated[float, Field(ge=0)] = Field(0.50, description="New documents relative to live.")
    max_outdated_share: Share = Field(
        0.05,
        description="Changed documents whose date is older than live's; one or two are always allowed. A stale export that "
        "undoes recent edits shows itself so.",
    )
    min_shift_documents: Annotated[int, Field(ge=1)] = Field(
        30, description="A batch smaller than this is judged for length shift only as part of the whole corpus."
    )
    max_short_chunk_share: Share = 0.10
    min_chunk_tokens: Annotated[int, Field(ge=1)] = 16
    max_long_chunk_share: Share = Field(0.0, description="Chunks above the chunker's size.")
    max_truncated_chunk_share: Share = Field(0.0, description="Chunks the model would cut.")
    max_empty_chunk_share: Share = 0.0
    max_uncovered_text_share: Share = Field(
        0.02, description="Characters of the documents that lie in no chunk; white space between chunks is some of it."
    )
    max_boilerplate_chunk_share: Share = Field(0.05, description="Chunks whose text occurs in several documents.")
    max_overlap_loss: Share = Field(
        0.50, description="Share of the overlap between neighbouring chunks, as live has it, that new ones may lack."
    )
    max_chunk_token_mean_shift: Share = Field(
        0.20, description="Relative change of the mean chunk length against live."
    )
