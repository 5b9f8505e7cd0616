"""The side menu of the console: what the posts of the user have pages for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from django import template
from django.http import HttpRequest
from django.urls import Resolver404, resolve

from xinshu.security.domain import Role

register = template.Library()


@dataclass(frozen=True, slots=True)
class Entry:
    """A page and whose it is; no roles: everybody's who is signed in."""

    path: str
    icon: str
    title: str
    roles: frozenset[Role] = frozenset()


ENTRIES = (
    Entry("/c/submit", "ul", "数据报送", frozenset({Role.REPORTER})),
    Entry("/c/query", "search", "查询服务", frozenset({Role.QUERY_OFFICER, Role.QUERY_APPROVER})),
    Entry("/c/consents", "docok", "纸质授权", frozenset({Role.QUERY_OFFICER, Role.QUERY_APPROVER})),
    Entry("/c/audit", "doc", "审计检索", frozenset({Role.AUDIT_ADMIN})),
    Entry("/c/iam", "org", "组织与权限", frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN})),
    Entry("/c/audit/chain", "lock", "链与存证", frozenset({Role.AUDIT_ADMIN})),
    Entry("/c/risks", "flag", "风险登记", frozenset({Role.AUDIT_ADMIN, Role.SECURITY_ADMIN})),
    Entry("/c/keys", "key", "密钥与存证", frozenset({Role.SECURITY_ADMIN})),
    Entry("/me", "org", "我的企业", frozenset({Role.ENTERPRISE})),
    Entry("/me/consents", "docok", "授权管理", frozenset({Role.ENTERPRISE})),
    Entry("/c/account", "user", "我的账户"),
)


@register.simple_tag(takes_context=True)
def duties(context: template.RequestContext) -> list[Entry]:
    """The entries of the user's posts whose pages this installation has."""
    request: HttpRequest = context["request"]
    roles: frozenset[Role] = getattr(request.user, "roles", frozenset())
    return [each for each in ENTRIES if (not each.roles or each.roles & roles) and exists(each.path)]


def home_of(roles: frozenset[Role]) -> str:
    """Where work begins for somebody of these posts."""
    return next(each.path for each in ENTRIES if (not each.roles or each.roles & roles) and exists(each.path))


@cache
def exists(path: str) -> bool:
    """Whether there is such a page."""
    try:
        resolve(path)
    except Resolver404:
        return False
    return True
