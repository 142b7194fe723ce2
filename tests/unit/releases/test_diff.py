import json
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from kbgate.releases.diff import diff_versions
from kbgate.releases.tables import IndexVersion, VersionFacts


def version(name: str, **facts: Any) -> IndexVersion:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    return IndexVersion(
        "kb", name, name, "promoted", "ingest", None, "airflow", "", at, at, facts=VersionFacts(**facts)
    )


def ledger(**hashes: str) -> pd.DataFrame:
    return pd.DataFrame({"doc_id": list(hashes), "content_hash": list(hashes.values())})


def test_a_diff_names_documents_settings_profile_and_recall() -> None:
    old = version("v1.2.0", settings={"chunker": {"size": 600, "kind": "t"}}, n_documents=3, n_chunks=9, recall=0.9)
    new = version("v1.2.1", settings={"chunker": {"size": 350, "kind": "t"}, "x": 1}, n_documents=3, n_chunks=20)
    found = diff_versions(
        old,
        new,
        ledger(a="1", b="1", c="1"),
        ledger(d="1", c="2", a="1"),
        {"tokens": {"mean": 450.0}, "lang": "en"},
        {"tokens": {"mean": 280.0}, "n": 3, "lang": "de", "ok": True},
    )
    assert (found.added, found.changed, found.removed, found.n_unchanged) == (("d",), ("c",), ("b",), 1)
    assert found.settings == {"chunker.size": (600, 350), "x": (None, 1)}
    assert found.counts == {"n_chunks": (9, 20)}
    assert found.profile == {"n": (None, 3), "tokens.mean": (450.0, 280.0)}
    assert found.recall == (0.9, None)
    assert json.loads(json.dumps(found.to_dict()))["settings"]["chunker.size"] == [600, 350]


def test_a_version_does_not_differ_from_itself() -> None:
    same = version("v1.2.0", settings={"chunker": {"size": 600}}, n_documents=1)
    found = diff_versions(same, same, ledger(a="1"), ledger(a="1"), {"n": 1}, {"n": 1})
    assert (found.added, found.changed, found.removed, found.n_unchanged) == ((), (), (), 1)
    assert (found.settings, found.counts, found.profile) == ({}, {}, {})
