import json

from kbgate.releases.change_examples import change_examples, example_ids
from kbgate.releases.ledger import ChangePlan


def plan(n: int = 0, **kinds: tuple[str, ...]) -> ChangePlan:
    many = tuple(f"doc-{number:06}" for number in range(n))
    return ChangePlan(
        **{**dict.fromkeys(("added", "changed", "removed", "unchanged", "kept"), many), **kinds}, rechunk_all=False
    )


def test_every_kind_is_counted_and_all_but_the_unchanged_are_named():
    found = change_examples(plan(added=("a",), removed=("r",), unchanged=("u", "v")), {"a": "Apples", "u": "Untouched"})
    assert found["added"] == {"count": 1, "examples": [{"doc_id": "a", "title": "Apples"}]}
    assert found["removed"] == {"count": 1, "examples": [{"doc_id": "r", "title": ""}]}
    assert found["unchanged"] == {"count": 2, "examples": []}
    assert found["changed"] == found["kept"] == {"count": 0, "examples": []}


def test_examples_are_the_first_fifty_and_small_however_large_the_batch():
    found = change_examples(plan(100_000), {f"doc-{number:06}": "知識" * 500 for number in range(100_000)})
    assert found["added"]["count"] == 100_000
    assert [example["doc_id"] for example in found["added"]["examples"]] == [f"doc-{n:06}" for n in range(50)]
    assert len(json.dumps(found, indent=2, ensure_ascii=False).encode()) < 300_000


def test_titles_are_wanted_of_the_documents_that_are_named_and_of_no_others():
    many = plan(added=tuple(f"a{number}" for number in range(60)), removed=("r",), unchanged=("u",))
    assert example_ids(many) == [*(f"a{number}" for number in range(50)), "r"]
