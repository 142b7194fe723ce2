import pyarrow as pa

from kbgate.pipeline import STAGES
from kbgate.run import Run
from kbgate.stages.check_chunks import check_chunks
from small_kb import SmallKb

BEFORE = STAGES[: STAGES.index("check_chunks")]


def cut(kb: SmallKb) -> Run:
    """A run whose documents were cut into chunks."""
    request = kb.request("second")
    kb.stages(request, *BEFORE)
    return Run(kb.settings, request)


def test_the_profile_is_that_of_the_whole_candidate_although_one_document_was_cut(live_kb: SmallKb) -> None:
    live_kb.change(3)
    run = cut(live_kb)
    assert run.folder.read_json("profile.json")["chunks"] is None
    assert not check_chunks(run).holds
    profile = run.folder.read_json("profile.json")["chunks"]
    assert (profile["n_documents"], profile["chunk_size_tokens"]) == (40, 40)


def test_chunks_of_half_the_length_hold_the_run(live_kb: SmallKb) -> None:
    live_kb.configure(chunker={"size_tokens": 20, "overlap_tokens": 4})
    run = cut(live_kb)
    result = check_chunks(run)
    assert result.holds
    assert "mean length of the chunks" in result.message
    assert run.folder.read_gates()["chunks"].message == result.message


def test_a_mode_that_only_warns_writes_its_result_and_holds_nothing(live_kb: SmallKb) -> None:
    live_kb.configure(chunker={"size_tokens": 20, "overlap_tokens": 4}, quality={"chunks_mode": "warn"})
    run = cut(live_kb)
    result = check_chunks(run)
    assert (result.holds, result.summary["verdict"]) == (False, "failed")


def test_chunks_that_the_settings_do_not_make_hold_the_run_though_they_are_few(live_kb: SmallKb) -> None:
    live_kb.change(3)
    run = cut(live_kb)
    chunks = run.folder.read_table("chunks.parquet")
    assert chunks.num_rows > 0
    assert check_chunks(run).message.endswith("are within the limits.")
    texts = pa.array([text[:-1] for text in chunks.column("text").to_pylist()], pa.string())
    run.folder.write_table("chunks.parquet", chunks.set_column(chunks.schema.get_field_index("text"), "text", texts))
    result = check_chunks(run)
    assert result.holds
    assert "1 of 1 documents give other chunks when they are cut again" in result.message
