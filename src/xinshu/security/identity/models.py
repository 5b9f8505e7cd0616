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


class UsedPassword(models.Model):
    """A digest of a password a user had, so that it does not come back too soon."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "id": "none",
        "user": "pseudonymous",
        "digest": "sealed",
        "set_at": "none",
    }

    user = models.ForeignKey("security.User", related_name="+", on_delete=models.CASCADE)
    digest = models.CharField("scrypt", max_length=128)
    set_at = models.DateTimeField()

    class Meta:
        verbose_name = "用过的口令"

    def __str__(self) -> str:
        return str(self.id)


class FactorSecret(models.Model):
    """The sealed secret of a second factor; the factor itself (allauth's table) names the row."""

    personal_data: ClassVar[Mapping[str, str]] = {"id": "none", "sealed": "sealed"}

    id = models.UUIDField(primary_key=True, editable=False)
    sealed = models.BinaryField()

    class Meta:
        verbose_name = "第二因素密文"

    def __str__(self) -> str:
        return str(self.id)


class SignedSession(models.Model):
    """A session of somebody signed in. `name` stands for it in lists and records; an ended one keeps its reason."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "name": "pseudonymous",
        "user": "pseudonymous",
        "session_key": "sealed",
        "address": "personal",
        "agent": "personal",
        "started_at": "none",
        "seen_at": "none",
        "ended_at": "none",
        "end_reason": "none",
    }

    name = models.CharField(max_length=16, primary_key=True)
    user = models.ForeignKey("security.User", related_name="+", on_delete=models.CASCADE)
    session_key = models.CharField(max_length=40)  # empty once ended
    address = models.CharField(max_length=64)
    agent = models.CharField(max_length=200)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=20, default="")

    class Meta:
        verbose_name = "会话"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(name="security_session_open", fields=["user"], condition=models.Q(ended_at=None))
        ]

    def __str__(self) -> str:
        return self.name


class RoleChange(models.Model):
    """A post somebody proposes to give or to end. `version` counts its changes; decided once, by a `RoleDecision`."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "id": "none",
        "user": "pseudonymous",
        "organisation": "none",
        "role": "none",
        "items": "none",
        "kind": "none",
        "reason": "none",
        "proposed_by": "pseudonymous",
        "proposed_at": "none",
        "version": "none",
        "state": "none",
    }

    id = models.UUIDField(primary_key=True, editable=False)
    user = models.ForeignKey("security.User", related_name="+", on_delete=models.PROTECT)
    organisation = models.ForeignKey(
        "security.Organisation", null=True, on_delete=models.PROTECT, db_column="organisation_uscc"
    )
    role = models.CharField(max_length=20, choices=ROLES)
    items = models.TextField(default="", blank=True)
    kind = models.CharField(max_length=5, choices=[("give", "授予"), ("end", "收回")])
    reason = models.CharField(max_length=200)
    proposed_by = models.ForeignKey("security.User", related_name="+", on_delete=models.PROTECT)
    proposed_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)
    state = models.CharField(
        max_length=10,
        default="proposed",
        choices=[("proposed", "待审批"), ("approved", "已同意"), ("refused", "未同意"), ("withdrawn", "已撤回")],
    )

    class Meta:
        verbose_name = "岗位变更"
        ordering: ClassVar[list[str]] = ["-proposed_at"]

    def __str__(self) -> str:
        return str(self.id)


class RoleDecision(models.Model):
    """The one final decision about a proposed change: its key is the change's."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "change": "none",
        "approved": "none",
        "decided_by": "pseudonymous",
        "decided_at": "none",
    }

    change = models.OneToOneField(RoleChange, primary_key=True, related_name="decision", on_delete=models.PROTECT)
    approved = models.BooleanField()
    decided_by = models.ForeignKey("security.User", related_name="+", on_delete=models.PROTECT)
    decided_at = models.DateTimeField()

    class Meta:
        verbose_name = "岗位变更的决定"

    def __str__(self) -> str:
        return str(self.change_id)


class Mandate(models.Model):
    """That a user may act for a firm, for what and until when.

    `capacity` legal: the identity provider said at sign-in that he is its legal person. handler: the legal person let
    him. Row-level security: seen by the user, by the firm, and by the program's upkeep.
    """

    personal_data: ClassVar[Mapping[str, str]] = {
        "id": "none",
        "user": "pseudonymous",
        "firm": "none",
        "firm_name": "none",
        "capacity": "none",
        "scope": "none",
        "from_at": "none",
        "to_at": "none",
        "given_by": "pseudonymous",
        "ended_at": "none",
    }

    id = models.UUIDField(primary_key=True, editable=False)
    user = models.ForeignKey("security.User", related_name="+", on_delete=models.PROTECT)
    firm = models.CharField("统一社会信用代码", max_length=18)
    firm_name = models.CharField("企业名称", max_length=200)
    capacity = models.CharField(max_length=7, choices=[("legal", "法定代表人"), ("handler", "经办人")])
    scope = models.CharField(max_length=60)  # names of `mandates.SCOPES`, divided by spaces
    from_at = models.DateTimeField("起")
    to_at = models.DateTimeField("止")
    given_by = models.ForeignKey("security.User", null=True, related_name="+", on_delete=models.PROTECT)
    ended_at = models.DateTimeField("收回", null=True)

    class Meta:
        verbose_name = "经办授权"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="security_mandate_ends", condition=models.Q(to_at__gt=models.F("from_at"))),
            models.CheckConstraint(
                name="security_mandate_handler_is_let",
                condition=models.Q(capacity="legal") | models.Q(given_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
