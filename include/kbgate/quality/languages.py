"""Tell the language of texts."""

from collections.abc import Sequence

from lingua import IsoCode639_1, LanguageDetector, LanguageDetectorBuilder

from kbgate.errors import SettingsError

# The detector chooses among these and the expected ones; each further language costs memory and certainty.
CANDIDATES = (
    "ar", "cs", "da", "de", "en", "es", "fi", "fr", "hi", "id", "it", "ja",
    "ko", "nb", "nl", "pl", "pt", "ru", "sv", "th", "tr", "uk", "vi", "zh",
)  # fmt: skip
SAMPLE_CHARS = 400
"""A page that opens with a table of numbers needs more than its first 200 characters to show its language."""


def build_detector(expected: Sequence[str]) -> LanguageDetector:
    """Build a detector (lingua, low-accuracy models: trigrams only) over `CANDIDATES` and the expected languages.

    Raises:
        SettingsError: an expected language is not an ISO 639-1 code that the detector knows.
    """
    codes = []
    for code in sorted({*CANDIDATES, *expected}):
        known = getattr(IsoCode639_1, code.upper(), None)
        if known is None:
            raise SettingsError(
                f"quality.languages holds {code!r}, which is no ISO 639-1 code the language detector knows. "
                f"Use codes such as {', '.join(CANDIDATES)}."
            )
        codes.append(known)
    return LanguageDetectorBuilder.from_iso_codes_639_1(*codes).with_low_accuracy_mode().build()


def detect_languages(samples: Sequence[str], detector: LanguageDetector) -> list[str]:
    """Return an ISO 639-1 code for each sample, "" where the detector cannot tell or the sample is ""."""
    found = detector.detect_languages_in_parallel_of(list(samples))
    return [
        language.iso_code_639_1.name.lower() if language and sample else ""
        for language, sample in zip(found, samples, strict=True)
    ]
