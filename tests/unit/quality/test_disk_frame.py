import pandas as pd
import pyarrow as pa

from kbgate.quality.disk_frame import DiskFrame

DTYPES = {"doc_id": "str", "n_tokens": "int64", "share": "float64", "line": "Int64", "is_bad": "bool", "count": "int32"}


def rows(start: int, n: int, text: str = "") -> pd.DataFrame:
    numbers = range(start, start + n)
    columns = {
        "doc_id": [f"文件 {number}{text}" for number in numbers],
        "n_tokens": numbers,
        "share": [number / 7 for number in numbers],
        "line": [None if number % 3 else number for number in numbers],
        "is_bad": [number % 2 == 0 for number in numbers],
        "count": numbers,
    }
    return pd.DataFrame(columns).astype(DTYPES)


def test_the_frame_is_all_batches_one_after_another_with_their_dtypes() -> None:
    collected = DiskFrame()
    for start, n in ((0, 3), (3, 1), (4, 5)):
        collected.append(rows(start, n))
    frame = collected.frame()
    pd.testing.assert_frame_equal(frame, rows(0, 9))
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == DTYPES


def test_texts_stay_in_the_file_and_outlive_the_collector() -> None:
    collected = DiskFrame()
    for start in range(0, 100, 10):
        collected.append(rows(start, 10, "x" * 100_000))
    before = pa.total_allocated_bytes()
    frame = collected.frame()
    assert pa.total_allocated_bytes() - before < 100_000, "ten million characters were read into memory"
    del collected
    assert frame["doc_id"].iloc[99] == "文件 99" + "x" * 100_000


def test_nothing_collected_is_an_empty_frame() -> None:
    assert DiskFrame().frame().empty
