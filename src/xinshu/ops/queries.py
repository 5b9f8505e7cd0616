"""Questions about the state of the running system."""

from __future__ import annotations

import structlog
from django.db import DatabaseError, connection

_log = structlog.get_logger(__name__)


def database_ready() -> bool:
    """Whether the database answers under the application's role and has our tables. Logs why when it does not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM security_organisation LIMIT 1")
    except DatabaseError as problem:
        connection.close()
        _log.warning("database not ready", problem=str(problem).splitlines()[0])
        return False
    return True
