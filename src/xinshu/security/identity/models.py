"""Tables of identity beside users and organisations; nobody outside the room comes in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from django.db import models

from xinshu.security.domain import ROLE_WORDS, Role

ROLES = [(role.value, word) for role, word in ROLE_WORDS.items()]


class Post(models.Model):
    """A role a user holds in an organisation from a moment to a moment; an ended one stays, for the cool-off and the record.

    One open post of a role for a user. That no person holds two administrators' posts at once is also kept by a trigger.
    """

    personal_data: ClassVar[Mapping[str, str]] = {
        "id": "none",
        "user": "pseudonymous",
        "organisation": "none",
        "role": "none",
        "items": "none",
        "from_at": "none",
        "to_at": "none",
    }

    user = models.ForeignKey("security.User", related_name="posts", on_delete=models.PROTECT)
    organisation = models.ForeignKey(
        "security.Organisation", null=True, on_delete=models.PROTECT, db_column="organisation_uscc"
    )
    role = models.CharField("角色", max_length=20, choices=ROLES)
    items = models.TextField("目录事项", default="", blank=True)  # item codes divided by spaces; empty: all
    from_at = models.DateTimeField("起")
    to_at = models.DateTimeField("止", null=True)

    class Meta:
        verbose_name = "岗位"
        ordering: ClassVar[list[str]] = ["from_at", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                name="security_post_open_once", fields=["user", "role"], condition=models.Q(to_at=None)
            ),
            models.CheckConstraint(
                name="security_post_ends_after_it_begins",
                condition=models.Q(to_at=None) | models.Q(to_at__gte=models.F("from_at")),
            ),
            models.CheckConstraint(
                name="security_post_reporter_has_organisation",
                condition=~models.Q(role=Role.REPORTER.value) | models.Q(organisation__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.role

    def in_force(self, now: datetime) -> bool:
        """From the first moment on, to the last one not included."""
        return self.from_at <= now and (self.to_at is None or now < self.to_at)
