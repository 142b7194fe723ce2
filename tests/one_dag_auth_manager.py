"""Airflow's simple login with one user more than it can express: a viewer who may not read one knowledge base's DAGs.

Airflow's API server imports this module in its own process.
"""

from typing import Any

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

STRANGER = "stranger"
"""May see every page and every DAG but those of kbgate."""


class OneDagAuthManager(SimpleAuthManager):
    """Refuses the DAGs of kbgate to STRANGER and asks Airflow's own rules about everything else."""

    def is_authorized_dag(self, *, user: SimpleAuthManagerUser, details: Any = None, **asked: Any) -> bool:
        """Tell whether the user may do what is asked to the DAG that `details` names."""
        if user.username == STRANGER and details is not None and (details.id or "").startswith("kb_"):
            return False
        return super().is_authorized_dag(user=user, details=details, **asked)
