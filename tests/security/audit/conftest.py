"""Entries to change one thing in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from xinshu.security.audit.domain import AuditEntry

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


@pytest.fixture
def make_entry() -> Callable[..., AuditEntry]:
    """A valid entry; name only what the test is about."""

    def make(**changes: object) -> AuditEntry:
        return AuditEntry(
            **{
                "at": NOW,
                "actor": "u-17",
                "role": "query_officer",
                "unit": "11990000000000043T",
                "address": "192.0.2.7",
                "action": "disclosure.query",
                "object_ref": bytes(range(16)),
                "ticket": "CX-2026-00001",
                "purpose": "approval",
                **changes,
            }
        )

    return make
