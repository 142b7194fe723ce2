"""A process that runs stages of a run and kills itself, as a power cut would, right after it has written a named thing.

`python killed_run.py REQUEST_JSON STAGE POINT` runs one stage and dies at POINT with SIGKILL.
`python killed_run.py REQUEST_JSON all` runs every stage to its end and prints every point that it passed, by stage, as JSON.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from kbgate.artifacts import RunFolder
from kbgate.embedders.vector_cache import VectorCache
from kbgate.pipeline import STAGES, run_stage
from kbgate.releases.registry import Registry
from kbgate.run import Run, RunRequest
from kbgate.settings import load_settings

REGISTRY_WRITES = (
    "reserve_version",
    "record_candidate",
    "mark_blocked",
    "mark_collected",
    "promote",
    "acquire_lease",
    "release_lease",
)


def announce_every_write(passed: Callable[[str], None], store: type[Any]) -> None:
    """Call `passed(point)` in the middle of every file, and after every change of the registry, the store or the cache."""
    replacing = RunFolder._replacing

    @contextmanager
    def half_written(self: RunFolder, name: str) -> Iterator[str]:
        with replacing(self, name) as unfinished:
            yield unfinished
            passed(f"file {name}")

    RunFolder._replacing = half_written  # type: ignore[method-assign]
    for name in REGISTRY_WRITES:
        setattr(Registry, name, _then(getattr(Registry, name), lambda name=name: passed(f"registry {name}")))
    VectorCache.put_many = _then(VectorCache.put_many, lambda: passed("cache put_many"))  # type: ignore[method-assign]
    store.drop = _then(store.drop, lambda: passed("store drop"))
    build = store.build

    def build_in_parts(self: Any, version: str, batches: Iterable[pa.Table], **options: Any) -> Any:
        def given() -> Iterator[pa.Table]:
            yield from batches
            passed("store batches")

        return build(self, version, given(), **options)

    store.build = _then(build_in_parts, lambda: passed("store build"))


def _then(write: Callable[..., Any], after: Callable[[], None]) -> Callable[..., Any]:
    def written(*args: Any, **options: Any) -> Any:
        result = write(*args, **options)
        after()
        return result

    return written


def main(request_json: str, wanted: str, fatal: str | None = None) -> None:
    """Run the wanted stage, or all."""
    settings, request = load_settings(), RunRequest.model_validate_json(request_json)
    points: dict[str, list[str]] = {stage: [] for stage in STAGES}
    now = ""

    def passed(point: str) -> None:
        if point == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        points[now].append(point)

    announce_every_write(passed, type(Run(settings, request).store))
    for stage in STAGES if wanted == "all" else (wanted,):
        now = stage
        run_stage(stage, settings, request.kb, request.run_key, request if stage == "open_run" else None)
    if wanted == "all":
        print(json.dumps(points))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
