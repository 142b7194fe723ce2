"""Measure chunks: what the rules of the chunk suite look at."""

from hashlib import blake2b

import pandas as pd

from kbgate.quality.text_form import normalised

COLUMNS = ("chunk_id", "doc_id", "n_tokens", "text_chars", "n_document_chunks", "n_documents_with_text")


def measure_chunks(chunks: pd.DataFrame) -> pd.DataFrame:
    """Return one row a chunk with the columns of `COLUMNS`, in order, without the texts.

    `chunks` has chunk_id, doc_id, text and n_tokens. `text_chars` is the length without white space around,
    `n_document_chunks` how many chunks the document has, `n_documents_with_text` in how many documents the same
    normalised text stands (0 for an empty text).
    """
    features = chunks[["chunk_id", "doc_id", "n_tokens"]].reset_index(drop=True)
    features["n_tokens"] = features["n_tokens"].astype("int64")
    texts = chunks["text"].tolist()
    features["text_chars"] = pd.Series([len(text.strip()) for text in texts], dtype="int64")
    features["n_document_chunks"] = features.groupby("doc_id")["doc_id"].transform("size").astype("int64")
    hashes = [blake2b(normalised(text).encode("utf-8", "surrogatepass"), digest_size=16).digest() for text in texts]
    keyed = pd.DataFrame({"doc_id": features["doc_id"], "hash": pd.Series(hashes, dtype="object")})
    n_documents = keyed.groupby("hash")["doc_id"].nunique()
    counted = keyed["hash"].map(n_documents).fillna(0).astype("int64")
    features["n_documents_with_text"] = counted.where(features["text_chars"] > 0, 0)
    return features[list(COLUMNS)]
