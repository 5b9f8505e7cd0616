"""Which posts exclude each other in one person, whatever his accounts: the three administrators, also over time.

Source: GB/T 22239-2019 8.1.4.2 d, 8.1.5 [recalled]; the cool-off is data (`identity.yaml`).
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection

from xinshu.kernel.clock import shanghai_date
from xinshu.security.domain import ADMINISTRATORS, ROLE_WORDS, Role
from xinshu.security.identity.errors import CoolOff, DutiesExclusive
from xinshu.security.identity.rules import configured
from xinshu.security.models import Post

_WITH_SUBJECT_DATA = frozenset({Role.OPERATOR, Role.STEWARD, Role.QUERY_OFFICER, Role.QUERY_APPROVER, Role.REPORTER})


def excluded_by(role: Role) -> frozenset[Role]:
    """Roles nobody may hold at the same time as this one."""
    if role in ADMINISTRATORS:
        return (ADMINISTRATORS - {role}) | _WITH_SUBJECT_DATA
    return ADMINISTRATORS if role in _WITH_SUBJECT_DATA else frozenset()


def require_separate(person: UUID, role: Role, now: datetime) -> None:
    """Raise DutiesExclusive or CoolOff when a person may not be given this post; counts all his accounts.

    Inside a transaction it holds until its end: changes of one person's posts wait for each other.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"xinshu.person.{person}"])
    cool_off = configured().rules(shanghai_date(now)).cool_off
    for each in Post.objects.filter(user__person=person, role__in=[one.value for one in excluded_by(role)]):
        held = Role(each.role)
        if each.to_at is None or each.to_at > now:
            raise DutiesExclusive(ROLE_WORDS[held], ROLE_WORDS[role])
        if {held, role} <= ADMINISTRATORS and now < each.to_at + cool_off:
            raise CoolOff(ROLE_WORDS[held], each.to_at + cool_off)
