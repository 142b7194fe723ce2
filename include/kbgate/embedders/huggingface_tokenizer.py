"""The embedding model's own tokenizer, read from its tokenizer.json; no weights are loaded."""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as RawTokenizer

from kbgate.errors import SettingsError
from kbgate.records import TokenCounts

_SURROGATES = re.compile("[\ud800-\udfff]")
_BATCH_TEXTS = 1024


class HuggingFaceTokenizer:
    """Counts and locates tokens as the model does; special tokens are never counted, nothing is ever cut.

    `max_tokens` is the model's longest input; `reserved_tokens` of it are taken by special tokens and the prefix. `raw` is
    the library's tokenizer, for libraries that need it.

    Raises:
        SettingsError: the file is missing or no tokenizer, or nothing is left of `max_tokens`.
    """

    def __init__(self, tokenizer_json_path: Path, max_tokens: int, reserved_tokens: int) -> None:
        if not tokenizer_json_path.is_file():
            raise SettingsError(
                f"{tokenizer_json_path} does not exist. kbgate counts tokens with the model's fast tokenizer; "
                "save the model again with AutoTokenizer(...).save_pretrained(folder) to get one."
            )
        status = tokenizer_json_path.stat()
        self.raw, self.unknown_id = _load(tokenizer_json_path, status.st_size, status.st_mtime_ns)
        self.max_tokens = max_tokens - reserved_tokens
        if self.max_tokens < 1:
            raise SettingsError(
                f"embedder.max_tokens is {max_tokens}, but special tokens and prefix alone take {reserved_tokens}. "
                "Raise it or shorten the prefix."
            )

    def count(self, texts: Sequence[str]) -> TokenCounts:
        """Count tokens and unknown tokens of each text; int32 arrays of shape (n_texts,)."""
        n_tokens = np.zeros(len(texts), dtype=np.int32)
        n_unknown = np.zeros(len(texts), dtype=np.int32)
        for start in range(0, len(texts), _BATCH_TEXTS):
            batch = [_readable(text) for text in texts[start : start + _BATCH_TEXTS]]
            for row, encoding in enumerate(self.raw.encode_batch_fast(batch, add_special_tokens=False), start):
                ids = encoding.ids
                n_tokens[row] = len(ids)
                n_unknown[row] = 0 if self.unknown_id is None else ids.count(self.unknown_id)
        return TokenCounts(n_tokens, n_unknown)

    def offsets(self, text: str) -> NDArray[np.int64]:
        """Return the `[start, end)` character spans of the tokens, shape (n_tokens, 2), in order."""
        encoding = self.raw.encode(_readable(text), add_special_tokens=False)
        return np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)


@lru_cache(maxsize=4)
def _load(file: Path, size: int, mtime_ns: int) -> tuple[RawTokenizer, int | None]:
    """Load a tokenizer once in a process, as long as its file's size and modification time stay, and find its unknown id."""
    content = file.read_text(encoding="utf-8")
    try:
        raw = RawTokenizer.from_str(content)
    except Exception as error:  # the library raises nothing narrower
        raise SettingsError(f"{file} is not a tokenizer: {error}") from error
    raw.no_padding()
    raw.no_truncation()
    return raw, _unknown_id(raw, json.loads(content)["model"])


def _unknown_id(raw: RawTokenizer, model: dict[str, object]) -> int | None:
    """Return the id of the unknown token, or None where every text can be spelt (byte-level tokenizers)."""
    number = model.get("unk_id")
    if isinstance(number, int):
        return number
    token = model.get("unk_token")
    return raw.token_to_id(token) if isinstance(token, str) else None


def _readable(text: str) -> str:
    """Replace lone surrogates, which no tokenizer accepts, by as many U+FFFD, so that offsets stay true."""
    return _SURROGATES.sub("\ufffd", text)
