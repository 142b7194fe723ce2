import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from golden_examples import golden_of, hits_of
from kbgate.errors import ArtifactError, UsageError
from kbgate.evaluation.query_results import SCHEMA, QueryResults, measure_queries

GOLDEN = golden_of(
    {"q1": {"a": 1, "b": 2}, "q2": {"c": 1}, "q3": {}},
    intents={"q1": "billing", "q2": "billing", "q3": "orders"},
    key_intents=["billing"],
)
HITS = hits_of([["x", "a", "a"], ["c"], []], [[0.8, 0.5, 0.4], [0.1], []])


def measured() -> QueryResults:
    return measure_queries(GOLDEN, HITS, k=3, zero_hit_similarity=0.25)


def test_a_row_says_what_was_wanted_found_and_missed():
    first, second, third = measured().rows()
    assert (first["recall"], first["hit"], first["reciprocal_rank"], first["n_relevant"]) == (0.5, 1.0, 0.5, 2)
    assert (first["relevant_doc_ids"], first["missed_doc_ids"]) == (["b", "a"], ["b"])
    assert first["doc_ids"] == ["x", "a", "a"]
    assert first["similarities"] == pytest.approx([0.8, 0.5, 0.4])
    assert (first["intent"], first["key_intent"], first["zero_hit"]) == ("billing", True, False)
    assert (second["recall"], second["zero_hit"], second["missed_doc_ids"]) == (1.0, True, [])
    assert (third["doc_ids"], third["similarities"], third["n_relevant"], third["zero_hit"]) == ([], [], 0, True)
    assert np.isnan([third["recall"], third["ndcg"], third["best_similarity"]]).all()


def test_only_the_k_best_chunks_are_looked_at():
    results = measure_queries(GOLDEN, HITS, k=1, zero_hit_similarity=0.25)
    assert results.rows()[0]["doc_ids"] == ["x"]
    assert results.rows()[0]["recall"] == 0.0


def test_queries_with_the_same_best_document_form_a_cluster():
    golden = golden_of({"q1": {"a": 1, "b": 2}, "q2": {"b": 1}, "q3": {}})
    results = measure_queries(golden, hits_of([[], [], []]), k=1, zero_hit_similarity=0.25)
    assert results.clusters.tolist() == ["b", "b", ""]


def test_parquet_keeps_every_value_and_how_it_was_measured(tmp_path):
    results = measured()
    pq.write_table(results.to_table(), tmp_path / "recall_queries.parquet")
    again = QueryResults.from_table(pq.read_table(tmp_path / "recall_queries.parquet"))
    assert again.table.schema == SCHEMA
    np.testing.assert_equal(again.rows(), results.rows())
    assert (again.k, again.zero_hit_similarity, again.golden_hash) == (3, 0.25, GOLDEN.content_hash)
    assert again.measured_like(results)


def test_results_of_another_k_or_golden_set_are_not_measured_alike():
    other = golden_of({"q1": {"a": 1}, "q2": {"c": 1}, "q3": {}})
    assert not measured().measured_like(measure_queries(GOLDEN, HITS, k=2, zero_hit_similarity=0.25))
    assert not measured().measured_like(measure_queries(other, HITS, k=3, zero_hit_similarity=0.25))


@pytest.mark.parametrize("table", [pa.table({"x": [1]}), measured().table, measured().to_table().drop(["recall"])])
def test_another_table_is_refused(table):
    with pytest.raises(ArtifactError, match="does not hold query results"):
        QueryResults.from_table(table)


def test_results_for_another_number_of_queries_are_refused():
    with pytest.raises(UsageError, match="results for 1 queries but memory has 3"):
        measure_queries(GOLDEN, hits_of([["a"]]), k=3, zero_hit_similarity=0.25)


def test_an_empty_golden_set_gives_an_empty_table():
    results = measure_queries(golden_of({}), hits_of([]), k=3, zero_hit_similarity=0.25)
    assert len(results) == 0
    assert results.table.schema == SCHEMA


def test_only_documents_of_a_high_enough_grade_are_relevant_and_ndcg_sees_all():
    strict = measure_queries(GOLDEN, HITS, k=3, zero_hit_similarity=0.25, min_relevance=2)
    first, second, _ = strict.rows()
    assert (first["relevant_doc_ids"], first["missed_doc_ids"], first["n_relevant"], first["recall"]) == (
        ["b"], ["b"], 1, 0.0,
    )  # fmt: skip
    assert np.isnan(second["recall"])
    assert [row["ndcg"] for row in strict.rows()[:2]] == [row["ndcg"] for row in measured().rows()[:2]]
    assert not strict.measured_like(measured())


def test_with_a_token_budget_all_that_was_kept_counts_whatever_k_is(tmp_path):
    results = measure_queries(GOLDEN, HITS, k=1, zero_hit_similarity=0.25, budget_tokens=500)
    assert (results.rows()[0]["doc_ids"], results.rows()[0]["recall"]) == (["x", "a", "a"], 0.5)
    pq.write_table(results.to_table(), tmp_path / "recall_queries.parquet")
    again = QueryResults.from_table(pq.read_table(tmp_path / "recall_queries.parquet"))
    assert (again.budget_tokens, again.min_relevance) == (500, 1)
    assert again.measured_like(measure_queries(GOLDEN, HITS, k=2, zero_hit_similarity=0.25, budget_tokens=500))
    assert not again.measured_like(measure_queries(GOLDEN, HITS, k=1, zero_hit_similarity=0.25, budget_tokens=400))
    assert not again.measured_like(measure_queries(GOLDEN, HITS, k=1, zero_hit_similarity=0.25))


def test_an_ndcg_does_not_depend_on_how_many_chunks_filled_the_budget():
    golden = golden_of({"q": {"a": 2, "b": 1, "c": 1}})
    few, many = hits_of([["a"]]), hits_of([["a", "a", "a", "a"]])
    values = [
        measure_queries(golden, hits, k=1, zero_hit_similarity=0.25, budget_tokens=500).column("ndcg")[0]
        for hits in (few, many)
    ]
    assert values[0] == values[1] < 1


def test_a_file_from_before_there_were_budgets_is_read_as_one_without(tmp_path):
    table = measured().to_table()
    old = {
        key: value for key, value in table.schema.metadata.items() if b"budget" not in key and b"relevance" not in key
    }
    again = QueryResults.from_table(table.replace_schema_metadata(old))
    assert again.measured_like(measured())
