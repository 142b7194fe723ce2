import pytest

from kbgate.commands.options import actor_name, open_kb, request_for
from kbgate.errors import SettingsError, UsageError
from kbgate.run import RunRequest
from small_kb import KB, SmallKb


def request(kb: SmallKb, run_id: str | None = "mine", **params: object) -> RunRequest:
    return request_for(kb.settings, KB, "ingest", run_id, "ada", "nightly", params, promote=True)


def test_the_only_knowledge_base_needs_no_name(small_kb: SmallKb) -> None:
    settings, kb = open_kb(None)
    assert (kb, settings) == (KB, small_kb.settings)
    assert open_kb(KB)[1] == KB


def test_without_any_knowledge_base_the_settings_are_named(small_kb: SmallKb) -> None:
    small_kb.settings_file.write_text("")
    with pytest.raises(UsageError, match="the settings have none"):
        open_kb(None)
    with pytest.raises((UsageError, SettingsError), match=KB):
        open_kb(KB)


def test_a_named_run_has_the_same_key_again_and_a_nameless_one_never(small_kb: SmallKb) -> None:
    assert request(small_kb).run_key == request(small_kb).run_key
    assert request(small_kb).run_key != request(small_kb, "other").run_key
    assert request(small_kb, None).run_key != request(small_kb, None).run_key


def test_what_was_given_on_the_command_line_is_in_the_request(small_kb: SmallKb) -> None:
    asked = request(small_kb, batch="new.jsonl", mode=None, deletions=None, chunk_size_tokens=46)
    assert (asked.kb, asked.kind, asked.actor, asked.reason) == (KB, "ingest", "ada", "nightly")
    assert (asked.promote, asked.target) == (True, None)
    assert asked.overrides == {"source": {"options": {"path": "new.jsonl"}}, "chunker": {"size_tokens": 46}}


def test_a_rollback_carries_its_target_and_a_kind_of_run_its_own_key(small_kb: SmallKb) -> None:
    back = request_for(small_kb.settings, KB, "rollback", "mine", "ada", "x", {}, promote=False, target="v1.0.0")
    assert (back.kind, back.target, back.promote) == ("rollback", "v1.0.0", False)
    assert back.run_key != request(small_kb).run_key


@pytest.mark.parametrize(("given", "wanted"), [("ada", "ada"), (None, "of-the-login"), ("", "of-the-login")])
def test_who_asks_is_the_login_name_unless_named(
    monkeypatch: pytest.MonkeyPatch, given: str | None, wanted: str
) -> None:
    monkeypatch.setenv("LOGNAME", "of-the-login")
    assert actor_name(given) == wanted
