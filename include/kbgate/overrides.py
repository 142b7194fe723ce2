"""What a person may choose for one run, as overrides of the settings."""

from typing import Any

from kbgate.errors import UsageError
from kbgate.settings import KnowledgeBaseSettings

CHOICES = {
    "mode": ("source", "mode"),
    "deletions": ("source", "deletions"),
    "chunk_size_tokens": ("chunker", "size_tokens"),
    "chunk_overlap_tokens": ("chunker", "overlap_tokens"),
    "model": ("embedder", "model"),
    "model_sha256": ("embedder", "sha256"),
    "revision": ("embedder", "revision"),
    "query_prefix": ("embedder", "query_prefix"),
    "passage_prefix": ("embedder", "passage_prefix"),
}
"""What a person may choose for one run: the parameter's name -> section and setting that it overrides."""
OF_ONE_MODEL = {"sha256": None, "revision": None, "query_prefix": "", "passage_prefix": "", "max_tokens": None}
"""Settings that are true of one model only: another one begins with these."""


def override_settings(settings: KnowledgeBaseSettings, params: dict[str, Any]) -> dict[str, Any]:
    """Turn what a person may choose for one run into overrides of the settings, by section; absent or None means no change.

    `batch` is the path of the documents; the others are those of `CHOICES`.

    Raises:
        UsageError: `model_sha256` without `model`.
    """
    chosen = {name: value for name, value in params.items() if value is not None}
    if "model_sha256" in chosen and "model" not in chosen:
        raise UsageError(
            "model_sha256 was given without model: it is the hash of another model's weights. Name that model too."
        )
    overrides: dict[str, dict[str, Any]] = {}
    for name, (section, setting) in CHOICES.items():
        if name in chosen:
            overrides.setdefault(section, {})[setting] = chosen[name]
    if "batch" in chosen:
        overrides.setdefault("source", {})["options"] = {**settings.source.options, "path": chosen["batch"]}
    if chosen.get("model", settings.embedder.model) != settings.embedder.model:
        overrides["embedder"] = {**OF_ONE_MODEL, **overrides["embedder"]}
    return overrides
