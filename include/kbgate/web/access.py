"""Who may see what: the one thing that the pages need from Airflow."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Access:
    """Three FastAPI dependencies, given by whoever mounts the pages; each route declares the first or the second of them.

    `may_read_dag` reads the path parameter `dag_id` and raises HTTPException 401 (not logged in) or 403 (not for this DAG);
    `may_see_pages` raises 401 or 403 for a page that belongs to no DAG;
    `readable_dag_ids` returns the ids (`set[str]`) of the DAGs that the user of the request may read.
    """

    may_read_dag: Callable[..., Any]
    may_see_pages: Callable[..., Any]
    readable_dag_ids: Callable[..., Any]
