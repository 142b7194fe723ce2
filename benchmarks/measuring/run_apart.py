"""Run one part of a benchmark in a process of its own, so that its time and its peak memory are its own."""

import resource
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context, set_forkserver_preload
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")
_start = {"method": "spawn"}


@dataclass(frozen=True, slots=True)
class Apart(Generic[Value]):
    """What a part returned, and the most memory its process ever held (MB, libraries included)."""

    value: Value
    peak_memory_mb: int


def share_imports(*modules: str) -> None:
    """Let later parts begin with these modules imported, in a copy of one process: for small forms, where importing is most of the time.

    The peak memory of a part then includes them all.
    """
    _start["method"] = "forkserver"
    set_forkserver_preload(["__main__", *modules])


def run_apart(work: Callable[..., Value], *arguments: Any) -> Apart[Value]:
    """Call `work(*arguments)` in a fresh interpreter and wait for it; both must be picklable.

    A process begins with the peak of the one that started it, so a benchmark imports heavy libraries in its parts only.
    """
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context(_start["method"])) as pool:
        value, peak_memory_mb = pool.submit(_work_and_weigh, work, arguments).result()
    return Apart(value, peak_memory_mb)


def _work_and_weigh(work: Callable[..., Value], arguments: tuple[Any, ...]) -> tuple[Value, int]:
    value = work(*arguments)
    return value, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
