"""Tables of the room. Other rooms come in by `services`, `queries` and `domain`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID, uuid4

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property

from xinshu.kernel.ids import uuid7
from xinshu.security.audit.models import Block, Entry, Link, Stub, Watch
from xinshu.security.domain import ROLE_WORDS, Level, Role
from xinshu.security.identity.models import (
    FactorSecret,
    Mandate,
    Post,
    RoleChange,
    RoleDecision,
    SignedSession,
    UsedPassword,
)

__all__ = [
    "ApiKey",
    "Block",
    "CacheEntry",
    "Entry",
    "FactorSecret",
    "Link",
    "Mandate",
    "Organisation",
    "Post",
    "RoleChange",
    "RoleDecision",
    "SignedSession",
    "Stub",
    "UsedPassword",
    "User",
    "Watch",
]

_LEVELS = [
    (Level.NATION.value, "国家"),
    (Level.PROVINCE.value, "省"),
    (Level.CITY.value, "设区市"),
    (Level.COUNTY.value, "县（市、区）"),
]


def new_user_id() -> UUID:
    """A fresh uuid7."""
    return uuid7(timezone.now())


class Organisation(models.Model):
    """A unit that takes part: it supplies, receives or runs. Its unified social credit code is its key."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "uscc": "none",
        "name": "none",
        "region": "none",
        "level": "none",
        "kind": "none",
    }

    uscc = models.CharField("统一社会信用代码", max_length=18, primary_key=True)
    name = models.CharField("名称", max_length=200)
    region = models.CharField("行政区划代码", max_length=6)
    level = models.CharField("层级", max_length=10, choices=_LEVELS)
    kind = models.CharField("类别", max_length=40)

    class Meta:
        verbose_name = "单位"
        ordering: ClassVar[list[str]] = ["uscc"]

    def __str__(self) -> str:
        return self.name


class User(AbstractBaseUser):
    """An account of a person. What it is for are its posts. Made without a password a user cannot sign in.

    `person`: the same for all accounts of one natural person.
    """

    personal_data: ClassVar[Mapping[str, str]] = {
        "id": "pseudonymous",
        "username": "personal",
        "display_name": "personal",
        "organisation": "none",
        "person": "pseudonymous",
        "is_active": "none",
        "password_set_at": "none",
        "password_temporary": "none",
        "created_at": "none",
        "last_login": "personal",
        "password": "sealed",
    }

    id = models.UUIDField(primary_key=True, default=new_user_id, editable=False)
    username = models.CharField("用户名", max_length=150, unique=True)
    display_name = models.CharField("姓名", max_length=100)
    organisation = models.ForeignKey(
        Organisation, verbose_name="单位", null=True, on_delete=models.PROTECT, db_column="organisation_uscc"
    )
    person = models.UUIDField("自然人", default=uuid4, db_index=True, editable=False)
    is_active = models.BooleanField("可登录", default=True)
    password_set_at = models.DateTimeField("口令设定时间", default=timezone.now)
    password_temporary = models.BooleanField("一次性口令", default=False)
    created_at = models.DateTimeField("建立时间", default=timezone.now, editable=False)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["display_name"]

    objects = BaseUserManager["User"]()

    class Meta:
        verbose_name = "用户"

    @cached_property
    def roles(self) -> frozenset[Role]:
        """Roles of the posts in force now. Asked once for an object, so once for a request."""
        return frozenset(Role(each.role) for each in self.posts_now)

    @cached_property
    def posts_now(self) -> list[Post]:
        """The posts in force now."""
        now = timezone.now()
        return [each for each in self.posts.all() if each.in_force(now)]

    @property
    def duty(self) -> str:
        """The roles in words, for the bar of the console."""
        return "、".join(word for role, word in ROLE_WORDS.items() if role in self.roles)


class ApiKey(models.Model):
    """A key with which a program of an organisation hands in data. Only a digest of its secret is kept."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "id": "none",
        "digest": "sealed",
        "organisation": "none",
        "label": "none",
        "created_at": "none",
        "last_used_at": "none",
        "revoked_at": "none",
    }

    id = models.CharField("编号", max_length=12, primary_key=True)
    digest = models.CharField("SHA-256", max_length=64)
    organisation = models.ForeignKey(
        Organisation, verbose_name="单位", on_delete=models.PROTECT, db_column="organisation_uscc"
    )
    label = models.CharField("用途", max_length=100)
    created_at = models.DateTimeField("建立时间")
    last_used_at = models.DateTimeField("最近使用", null=True)
    revoked_at = models.DateTimeField("停用时间", null=True)

    class Meta:
        verbose_name = "接口密钥"
        ordering: ClassVar[list[str]] = ["created_at"]

    def __str__(self) -> str:
        return self.id


class CacheEntry(models.Model):
    """What Django's database cache keeps (CACHES): counts of failed sign-ins, shared by all processes."""

    personal_data: ClassVar[Mapping[str, str]] = {"cache_key": "pseudonymous", "value": "none", "expires": "none"}

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "security_cache"

    def __str__(self) -> str:
        return self.cache_key
