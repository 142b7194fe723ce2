"""The details of a gate that no section knows, as tables: whatever they are, a reader can look at them."""

import json
from collections.abc import Mapping
from typing import Any

from kbgate.web.section import Cell, Table

MAX_ROWS = 50
MAX_COLUMNS = 8


def detail_tables(details: Mapping[str, Any]) -> list[Table]:
    """Return a folded table for each table-like value, and one for all single values; what is empty is left out.

    A list of objects has a row an object, an object of objects a row a name. The first 50 rows are shown.
    """
    tables, single = [], {}
    for name, value in details.items():
        title = name.replace("_", " ").capitalize()
        if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            tables.append(_table(title, value))
        elif isinstance(value, dict) and value and all(isinstance(row, dict) for row in value.values()):
            tables.append(_table(title, [{"name": key, **row} for key, row in value.items()]))
        elif isinstance(value, dict):
            single.update({f"{name} {key}": inner for key, inner in value.items()})
        elif value not in (None, []):
            single[name] = value
    if single:
        rows = tuple((name.replace("_", " "), _cell(value)) for name, value in single.items())
        tables.append(Table("More that was found", ("Name", "Value"), rows[:MAX_ROWS], folded=True))
    return tables


def _table(title: str, rows: list[dict[str, Any]]) -> Table:
    columns = tuple(dict.fromkeys(str(key) for row in rows[:MAX_ROWS] for key in row))[:MAX_COLUMNS]
    more = f": {MAX_ROWS} of {len(rows)}" if len(rows) > MAX_ROWS else ""
    cells = tuple(tuple(_cell(row.get(column)) for column in columns) for row in rows[:MAX_ROWS])
    return Table(title + more, tuple(column.replace("_", " ") for column in columns), cells, folded=True)


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list) and all(isinstance(part, str | int | float) for part in value):
        return ", ".join(str(part) for part in value) or "none"
    return json.dumps(value, ensure_ascii=False)
