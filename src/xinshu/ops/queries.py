"""Questions about the state of the running system."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import DatabaseError, connection

from xinshu.kernel.errors import XinshuError
from xinshu.security.audit.services import anchor_state
from xinshu.security.rowsecurity import require_safe_role

_log = structlog.get_logger(__name__)


def database_ready() -> bool:
    """Whether the database answers under a role that row-level security holds for, and has our tables. Logs why when not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM security_organisation LIMIT 1")
        require_safe_role()
    except XinshuError as problem:
        _log.error("database role unsafe", code=problem.code, problem=problem.message)
        return False
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
