"""An installation whose record is sealed, for registers and evidence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import transaction

from xinshu.bootstrap.audit import seal_record
from xinshu.kernel.settings import Settings
from xinshu.security.audit.domain import AuditEntry
from xinshu.security.audit.services import record


@pytest.fixture
def settings(world) -> Settings:
    """Of an installation with a sealed, anchored record of one entry."""
    with transaction.atomic():
        record(AuditEntry(at=datetime.now(UTC), actor="u-1", role="", unit="", address="", action="disclosure.query"))
    seal_record(world.desk.settings, datetime.now(UTC))
    return world.desk.settings


@pytest.fixture
def write() -> Callable[..., None]:
    """An entry; name what the test is about."""

    def make(**changes: object) -> None:
        facts = {"at": datetime.now(UTC), "actor": "u-1", "role": "", "unit": "", "address": ""}
        with transaction.atomic():
            record(AuditEntry(**{**facts, "action": "disclosure.query", **changes}))

    return make
