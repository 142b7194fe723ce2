"""What another process does with a store in the contract tests: `python store_process.py <job as JSON>`."""

import json
import sys
from pathlib import Path

from chunk_tables import chunk_table, vectors_in
from kbgate.parts import load
from kbgate.stores import CHUNK_COLUMNS, REGISTRY

KB = "helpdesk"


def open_store(name, options):
    return load(REGISTRY, name, "store.kind")(KB, options)


def say(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def build(store, job):
    """Build from batches given as [first, last]; at a null, say so and wait until someone ends this process."""

    def batches():
        for bounds in job["batches"]:
            if bounds is None:
                say("waiting")
                sys.stdin.read()
            else:
                yield chunk_table(*bounds, dimension=job["dimension"])

    return store.build(job["version"], batches(), dimension=job["dimension"], parent=job.get("parent"))


def describe(store, job):
    return {version: store.count(version) for version in store.versions()}


def read_until_stopped(store, job):
    """Use version `v1.0.0` in every way until the file `stop` exists, then once more; return how often and what differed."""
    rounds, differences, stopped = 0, [], False
    query = vectors_in(chunk_table(3, 4, dimension=job["dimension"]))
    expected = None
    while not stopped:
        stopped = Path(job["stop"]).exists()
        hits = store.search("v1.0.0", query, 5, exact=rounds % 2 == 0)
        sample = store.sample("v1.0.0", 7, ["chunk_id"], seed=rounds % 2)
        found = {
            "listed": "v1.0.0" in store.versions(),
            "count": store.count("v1.0.0"),
            "rows": sum(table.num_rows for table in store.read("v1.0.0", CHUNK_COLUMNS)),
            "hits": hits.chunk_ids.tolist(),
            "sampled": sample.num_rows,
        }
        expected = expected or found
        if found != expected:
            differences.append(found)
        rounds += 1
        if rounds == 1:
            say("reading")
    return {"rounds": rounds, "expected": expected, "differences": differences, "versions": describe(store, job)}


def main():
    job = json.loads(sys.argv[1])
    work = {"build": build, "describe": describe, "read": read_until_stopped}[job["do"]]
    say(json.dumps(work(open_store(job["store"], job["options"]), job)))


if __name__ == "__main__":
    main()
