"""The limits of the rules that set rows aside, as a batch of a certain size is held to them."""

from kbgate.sections.quality import QualitySettings

ALWAYS_ALLOWED = 1
"""Rows: in a batch of twelve a single bad row is 8 %; it is set aside, and the other eleven go on."""
LIMITS = (
    "max_malformed_share",
    "max_empty_text_share",
    "max_exact_duplicate_share",
    "max_control_character_share",
    "max_mojibake_share",
    "max_special_documents_share",
    "max_injected_share",
    "max_other_language_share",
    "max_unreadable_documents_share",
)


def row_limits(settings: QualitySettings, n_rows: int) -> dict[str, float]:
    """Return `LIMITS` by name: the setting, or the share that one row is of `n_rows` if that is more; a limit of 0 stays."""
    limits = {name: float(getattr(settings, name)) for name in LIMITS}
    one = min(ALWAYS_ALLOWED / n_rows, 1.0) if n_rows else 0.0
    return {name: max(limit, one) if limit else limit for name, limit in limits.items()}
