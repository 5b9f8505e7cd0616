"""Questions about the state of the running system."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import DatabaseError, connection

from xinshu.kernel.errors import XinshuError
from xinshu.security.audit.services import anchor_state

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


def audit_anchored(now: datetime) -> bool:
    """Whether the audit record is sealed and anchored lately enough; else sensitive reads wait."""
    try:
        return anchor_state(now).fresh
    except XinshuError:
        return False
