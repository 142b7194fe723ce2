import pytest

from kbgate.errors import ArtifactError, UsageError
from kbgate.inspection import compare_versions, describe_version, list_versions
from kbgate.pipeline import GATES, run_stage
from small_kb import KB, SmallKb, doc_id


def roll_back(kb: SmallKb) -> None:
    request = kb.request("back", kind="rollback", reason="users complain")
    run_stage("roll_back", kb.settings, KB, request.run_key, request)


def test_a_knowledge_base_without_versions_lists_none(small_kb: SmallKb) -> None:
    listing = list_versions(small_kb.settings, KB)
    assert (listing["kb"], listing["live"], listing["versions"]) == (KB, None, [])


def test_versions_are_listed_newest_first_with_what_the_release_uses_them_for(live_kb: SmallKb) -> None:
    live_kb.change(3)
    live_kb.run("second", actor="ada", reason="nightly")
    live_kb.change(4)
    live_kb.run("third", promote=False)
    listing = list_versions(live_kb.settings, KB)
    assert [(row["version"], row["role"], row["state"]) for row in listing["versions"]] == [
        ("v1.0.2", "", "candidate"),
        ("v1.0.1", "live", "promoted"),
        ("v1.0.0", "previous", "promoted"),
    ]
    second = listing["versions"][1]
    assert (second["parent"], second["actor"], second["reason"]) == ("v1.0.0", "ada", "nightly")
    assert (second["n_documents"], second["recall"]) == (40, 1.0)


def test_a_version_is_described_by_its_gates_and_only_its_own_events(live_kb: SmallKb) -> None:
    live_kb.change(3)
    live_kb.run("second")
    roll_back(live_kb)
    second = describe_version(live_kb.settings, KB, "v1.0.1")
    assert second["version"]["state"] == "promoted"
    assert {gate["name"] for gate in second["gates"]} == set(GATES.values())
    assert [event["kind"] for event in second["events"]] == ["candidate", "promoted", "rolled_back"]
    first = describe_version(live_kb.settings, KB, "v1.0.0")
    assert [event["kind"] for event in first["events"]][:2] == ["candidate", "promoted"]


def test_an_unknown_version_is_an_error(live_kb: SmallKb) -> None:
    for look in (
        lambda: describe_version(live_kb.settings, KB, "v9.9.9"),
        lambda: compare_versions(live_kb.settings, KB, "v1.0.0", "v9.9.9"),
    ):
        with pytest.raises(UsageError, match=r"v9\.9\.9"):
            look()


def test_two_versions_differ_by_documents_counts_and_settings(live_kb: SmallKb) -> None:
    live_kb.change(3)
    del live_kb.documents[39]
    live_kb.documents[40] = {**live_kb.documents[20], "doc_id": "login/doc-40", "text": "A new text. " * 9}
    live_kb.configure(chunker={"size_tokens": 48})
    second = live_kb.run("second", promote=False)
    version = second.report["version"]
    assert version == "v1.1.0"
    diff = compare_versions(live_kb.settings, KB, "v1.0.0", version)
    assert (diff["added"], diff["removed"], diff["changed"]) == (("login/doc-40",), (doc_id(39),), (doc_id(3),))
    assert diff["n_unchanged"] == 38
    assert diff["settings"]["chunker.size_tokens"] == (40, 48)


def test_a_version_differs_from_itself_in_nothing(live_kb: SmallKb) -> None:
    diff = compare_versions(live_kb.settings, KB, "v1.0.0", "v1.0.0")
    assert (diff["added"], diff["removed"], diff["changed"], diff["n_unchanged"]) == ((), (), (), 40)
    assert (diff["settings"], diff["counts"], diff["profile"]) == ({}, {}, {})


def test_a_version_that_was_never_built_cannot_be_compared(live_kb: SmallKb) -> None:
    live_kb.reader().registry.reserve_version(
        KB, "broken-off", kind="ingest", base="v1.0.0", bump="patch", actor="tester", reason="killed while building"
    )
    with pytest.raises(ArtifactError, match=r"v1\.0\.1 has no ledger in .*it is building"):
        compare_versions(live_kb.settings, KB, "v1.0.0", "v1.0.1")


def test_looking_changes_nothing(live_kb: SmallKb) -> None:
    before = live_kb.reader().registry.events(KB)
    list_versions(live_kb.settings, KB)
    describe_version(live_kb.settings, KB, "v1.0.0")
    compare_versions(live_kb.settings, KB, "v1.0.0", "v1.0.0")
    assert live_kb.reader().registry.events(KB) == before
    assert live_kb.reader().registry.lease(KB) is None
    assert not (live_kb.folder / "artifacts" / KB / "runs" / "inspection").exists()
