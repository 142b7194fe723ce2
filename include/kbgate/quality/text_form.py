"""The forms of a text that several rules look at: normalised, without code, encodable."""

import re
import unicodedata

_CODE = re.compile(r"^(`{3,}|~{3,})[^\n]*\n.*?(?:^\1[`~]*[ \t]*$|\Z)|`[^`\n]+`", re.DOTALL | re.MULTILINE)


def normalised(text: str) -> str:
    """NFKC, case-folded, every run of white space one blank: texts that are equal then read the same to a person."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def without_code(text: str) -> str:
    """Drop Markdown's fenced blocks and code spans: what they hold is quoted, not leftover."""
    return _CODE.sub(" ", text) if "`" in text or "~~~" in text else text


def encodable(text: str) -> str:
    """Replace lone surrogates, which no tokenizer and no Parquet file accepts, by question marks."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
