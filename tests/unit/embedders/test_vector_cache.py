import os
import signal
import subprocess
import sys
import threading

import lmdb
import numpy as np
import pytest

from kbgate.embedders import vector_cache
from kbgate.embedders.hashing_for_tests_only import HashingForTestsOnlyEmbedder
from kbgate.embedders.vector_cache import VectorCache, vector_key
from kbgate.errors import ArtifactError, InfrastructureError
from kbgate.sections.embedder import EmbedderSettings

# What another process does: store numbered vectors under `<name>-<n>`, printing each number once it is stored.
WRITER = """
import sys, numpy as np
from pathlib import Path
from kbgate.embedders import vector_cache
vector_cache._SMALLEST_MAP_BYTES = 64 * 1024
cache = vector_cache.VectorCache(Path(sys.argv[1]))
for n in range(int(sys.argv[3])):
    vector = np.zeros(384, np.float32); vector[n % 384] = 1
    cache.put_many({f"{sys.argv[2]}-{n}-{i}".encode(): vector for i in range(20)})
    print(n, flush=True)
"""


def unit(n: int = 0, dimension: int = 384) -> np.ndarray:
    vector = np.zeros(dimension, np.float32)
    vector[n % dimension] = 1
    return vector


def start_writer(folder, name: str, steps: int) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", WRITER, str(folder), name, str(steps)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def assert_stored(cache: VectorCache, name: str, numbers) -> None:
    keys = [f"{name}-{n}-{i}".encode() for n in numbers for i in range(20)]
    expected = [n % 384 for n in numbers for _ in range(20)]
    found = cache.get_many(keys, 384)
    assert [int(vector.argmax()) for vector in found if vector is not None] == expected


def test_vectors_come_back_bit_by_bit_in_the_order_of_the_keys(tmp_path):
    vectors = np.random.default_rng(1).normal(size=(50, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    keys = [f"key{n}".encode() for n in range(50)]
    with VectorCache(tmp_path / "new" / "folder") as cache:
        cache.put_many(dict(zip(keys, vectors, strict=True)))
    with VectorCache(tmp_path / "new" / "folder") as cache:
        found = cache.get_many([*reversed(keys), b"other"], 8)
    assert found.pop() is None
    assert np.array_equal(np.stack(found), vectors[::-1])
    assert found[0].flags.writeable


def test_nothing_is_found_in_an_empty_cache(tmp_path):
    cache = VectorCache(tmp_path)
    cache.put_many({})
    assert cache.get_many([b"a"], 4) == [None]
    assert cache.get_many([], 4) == []


@pytest.mark.parametrize(
    "spoilt", [b"", b"abc", unit(0, 7).tobytes(), np.full(8, np.nan, "<f4").tobytes(), (unit(0, 8) * 1.1).tobytes()]
)
def test_a_spoilt_value_counts_as_missing_and_is_rewritten(tmp_path, spoilt):
    with lmdb.open(str(tmp_path)) as environment, environment.begin(write=True) as transaction:
        transaction.put(b"key", spoilt)
    cache = VectorCache(tmp_path)
    assert cache.get_many([b"key"], 8) == [None]
    cache.put_many({b"key": unit(0, 8)})
    assert np.array_equal(cache.get_many([b"key"], 8)[0], unit(0, 8))


def test_the_map_grows_by_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(vector_cache, "_SMALLEST_MAP_BYTES", 32 * 1024)
    cache = VectorCache(tmp_path)
    for step in range(3):
        cache.put_many({f"{step}-{n}".encode(): unit(n) for n in range(1000)})
    assert (tmp_path / "data.mdb").stat().st_size > 3 * 1000 * 384 * 4
    found = cache.get_many([f"{step}-{n}".encode() for step in range(3) for n in range(1000)], 384)
    assert [int(vector.argmax()) for vector in found if vector is not None] == [n % 384 for n in range(1000)] * 3


def test_several_processes_write_and_read_while_the_map_grows(tmp_path, monkeypatch):
    monkeypatch.setattr(vector_cache, "_SMALLEST_MAP_BYTES", 64 * 1024)
    cache = VectorCache(tmp_path)
    writers = {name: start_writer(tmp_path, name, 40) for name in ("a", "b")}
    while any(writer.poll() is None for writer in writers.values()):
        cache.get_many([b"a-0-0", b"b-0-0"], 384)
        cache.put_many({b"mine": unit()})
    for name, writer in writers.items():
        assert len(writer.communicate()[0].split()) == 40
        assert_stored(cache, name, range(40))


def test_what_was_stored_survives_kill_9_and_the_cache_stays_usable(tmp_path):
    writer = start_writer(tmp_path, "a", 100_000)
    assert writer.stdout is not None
    for _ in range(20):
        writer.stdout.readline()
    writer.send_signal(signal.SIGKILL)
    stored = 20 + len(writer.communicate()[0].split())
    cache = VectorCache(tmp_path)
    assert_stored(cache, "a", range(stored))
    cache.put_many({b"after": unit(3)})
    assert cache.get_many([b"after"], 384)[0][3] == 1


def test_threads_and_two_objects_of_one_folder_do_not_disturb_each_other(tmp_path):
    failures = []

    def work(name: str) -> None:
        cache = VectorCache(tmp_path)
        for n in range(20):
            cache.put_many({f"{name}-{n}".encode(): unit(n)})
            if cache.get_many([f"{name}-{n}".encode()], 384)[0] is None:
                failures.append((name, n))

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_it_works_after_a_fork_also_while_another_thread_uses_it(tmp_path):
    cache = VectorCache(tmp_path)
    cache.put_many({b"before": unit()})
    stop = threading.Event()

    def keep_writing() -> None:
        while not stop.is_set():
            cache.put_many({b"busy": unit(5)})

    thread = threading.Thread(target=keep_writing)
    thread.start()
    try:
        for n in range(5):
            child = os.fork()
            if child == 0:
                found = cache.get_many([b"before"], 384)[0]
                cache.put_many({f"child-{n}".encode(): unit(n)})
                os._exit(0 if found is not None else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        stop.set()
        thread.join()
    assert all(vector is not None for vector in cache.get_many([f"child-{n}".encode() for n in range(5)], 384))


def test_a_damaged_file_says_to_delete_the_folder(tmp_path):
    (tmp_path / "data.mdb").write_bytes(b"not a database" * 2000)
    with pytest.raises(ArtifactError, match=r"is damaged .* Delete that folder"):
        VectorCache(tmp_path).get_many([b"key"], 8)


@pytest.mark.parametrize("kept_share", [0.999, 0.5, 0.01])
def test_a_file_that_was_cut_short_is_damaged_and_does_not_kill_the_process(tmp_path, kept_share):
    VectorCache(tmp_path).put_many({f"key{n}".encode(): unit(n) for n in range(1000)})
    file = tmp_path / "data.mdb"
    os.truncate(file, int(file.stat().st_size * kept_share))
    # In a process of its own: what is tested for would end this one.
    code = (
        "import sys, numpy as np; from pathlib import Path; from kbgate.embedders.vector_cache import VectorCache\n"
        "from kbgate.errors import ArtifactError\n"
        "cache = VectorCache(Path(sys.argv[1]))\n"
        "keys = [f'key{n}'.encode() for n in range(1000)]\n"
        "for use in (lambda: cache.get_many(keys, 384), lambda: cache.put_many({b'new': np.eye(1, 384)[0]})):\n"
        "    try: use()\n"
        "    except ArtifactError as error: print(error)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("is damaged (data.mdb has") == 2


def test_a_cache_whose_vectors_are_replaced_is_never_called_damaged(tmp_path):
    random = np.random.default_rng(0)
    cache = VectorCache(tmp_path)
    for step in range(30):
        keys = [f"key{n}".encode() for n in random.integers(0, 300, 60)]
        cache.put_many(dict.fromkeys(keys, unit(step, 1024)))
    assert sum(vector is not None for vector in cache.get_many([f"key{n}".encode() for n in range(300)], 1024)) > 290


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InfrastructureError, match="cannot be used"):
        VectorCache(tmp_path / "file" / "cache").get_many([b"key"], 8)


def test_the_key_is_the_fingerprint_and_what_the_model_reads():
    first = HashingForTestsOnlyEmbedder(EmbedderSettings()).fingerprint
    second = HashingForTestsOnlyEmbedder(EmbedderSettings(max_tokens=100)).fingerprint
    key = vector_key(first, "query: ", "text")
    assert len(key) == 48
    assert key == vector_key(first, "", "query: text")
    assert len({key, vector_key(second, "query: ", "text"), vector_key(first, "", "text")}) == 3
    assert vector_key(first, "", "\ud800")
