"""Embed with a sentence-transformers model on the CPU."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kbgate.embedders.huggingface_tokenizer import HuggingFaceTokenizer
from kbgate.embedders.model_files import read_model_files
from kbgate.errors import SettingsError
from kbgate.records import EmbeddingFingerprint
from kbgate.sections.embedder import EmbedderSettings

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class SentenceTransformersEmbedder:
    """Any sentence-transformers model: a folder, a Python package or a hub id.

    `tokenizer` and `fingerprint` come from the model's small files; the weights are loaded at the first text to embed.

    Raises:
        SettingsError: the model is missing, incomplete or not the one whose hash is set, or max_tokens exceeds it.
        InfrastructureError: the hub did not answer.
    """

    def __init__(self, settings: EmbedderSettings) -> None:
        files = read_model_files(settings.model, settings.revision, settings.sha256)
        max_tokens = settings.max_tokens or files.max_tokens
        if max_tokens > files.max_tokens:
            raise SettingsError(
                f"embedder.max_tokens is {max_tokens}, but {settings.model} reads {files.max_tokens} tokens at most. "
                "Lower it or leave it out."
            )
        self._settings = settings
        self._folder = files.folder
        tokenizer_json = files.folder / "tokenizer.json"
        whole = HuggingFaceTokenizer(tokenizer_json, max_tokens, reserved_tokens=0)
        prefix_tokens = whole.count([settings.query_prefix, settings.passage_prefix]).n_tokens.max()
        reserved = whole.raw.num_special_tokens_to_add(is_pair=False) + int(prefix_tokens)
        self.tokenizer = HuggingFaceTokenizer(tokenizer_json, max_tokens, reserved)
        self.fingerprint = EmbeddingFingerprint(
            model=files.name,
            revision=f"sha256:{files.weights_sha256}",
            dimension=files.dimension,
            max_tokens=max_tokens,
            query_prefix=settings.query_prefix,
            passage_prefix=settings.passage_prefix,
            pooling=files.pooling,
            normalised=True,
            tokenizer=f"sha256:{files.tokenizer_sha256}",
            configuration=f"sha256:{files.configuration_sha256}",
            backend="sentence-transformers/torch",
            precision="float32",
        )

    def load(self) -> None:
        """See `kbgate.embedders.Embedder.load`."""
        _ = self._model

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors of shape (n_texts, dimension), in the order of `texts`; the passage prefix is put before each."""
        return self._embed(self._settings.passage_prefix, texts)

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The same for questions, with the query prefix."""
        return self._embed(self._settings.query_prefix, texts)

    @cached_property
    def _model(self) -> "SentenceTransformer":
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()
        try:
            model = SentenceTransformer(
                str(self._folder), device="cpu", local_files_only=True, model_kwargs={"dtype": torch.float32}
            )
        except Exception as error:  # each damaged file raises an error of another library
            raise SettingsError(
                f"The model in {self._folder} cannot be loaded ({type(error).__name__}: {error}). Its files are damaged, or do "
                "not fit together: copy or download the whole model again, and set embedder.sha256 so that damage is named."
            ) from error
        model.max_seq_length = self.fingerprint.max_tokens
        # Prefixes are settings here; a prompt of the model's own would be put before them unseen.
        model.default_prompt_name = None
        return model

    def _embed(self, prefix: str, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.empty((len(texts), self.fingerprint.dimension), dtype=np.float32)
        inputs = [(prefix + text).encode("utf-8", "replace").decode("utf-8") for text in texts]
        # The library sorts by characters; batches of equal token counts waste less padding (1.4 times faster).
        order = np.argsort(self.tokenizer.count(inputs).n_tokens, kind="stable")
        for start in range(0, len(order), self._settings.batch_size):
            rows = order[start : start + self._settings.batch_size]
            batch = [inputs[row] for row in rows]
            vectors[rows] = self._model.encode(batch, batch_size=len(batch), show_progress_bar=False)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        usable = np.isfinite(lengths) & (lengths > 0)
        if not usable.all():
            text = texts[int(np.flatnonzero(~usable)[0])]
            raise SettingsError(
                f"{self._settings.model} gave a vector that is zero or not finite for the text {text[:80]!r}. "
                "Its weights are damaged or not made for float32; use another model."
            )
        return vectors / lengths
