from chunk_tables import chunk_table
from kbgate.stores.binary_copy import binary_copy
from kbgate.stores.chunk_table import checked


def encoded(table):
    return b"".join(binary_copy(next(checked([table], 8))))


def test_an_empty_table_is_header_and_trailer():
    assert encoded(chunk_table(0, 0)) == b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\xff\xff"


def test_rows_are_independent_of_how_many_go_into_one_message():
    head, tail = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
    rows = [encoded(chunk_table(0, 2500).slice(number, 1))[19:-2] for number in (0, 999, 1000, 2499)]
    whole = encoded(chunk_table(0, 2500))
    assert whole.startswith(head + rows[0])
    assert whole.endswith(rows[3] + tail)
    assert rows[1] + rows[2] in whole
