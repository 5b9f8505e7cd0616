"""The auditor's pages: what is odd, who saw what and why, the chain, its anchors and keys. Looking is itself recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from xinshu.collection.services import Desk
from xinshu.disclosure.rules import load_gate_rules
from xinshu.kernel.clock import shanghai_date
from xinshu.kernel.database import bulk_transaction
from xinshu.kernel.identifiers.errors import InvalidIdentifier
from xinshu.kernel.identifiers.uscc import Uscc
from xinshu.kernel.profiles import open_profile
from xinshu.kernel.settings import Settings
from xinshu.ops.risks import judge, load_risks, read_all
from xinshu.security.audit.actions import ACTIONS, Action, Kind
from xinshu.security.audit.errors import NothingSealed
from xinshu.security.audit.exporting import prove
from xinshu.security.audit.queries import Filter, Found, by_subject, entry, search, trail
from xinshu.security.audit.services import record_alone
from xinshu.security.audit.watching import anomalies, broken, chain_state, day_bounds, figures, limits_on
from xinshu.security.crypto import signing_keys
from xinshu.security.domain import ROLE_WORDS, Role
from xinshu.security.identity.recording import audit_entry
from xinshu.security.identity.requests import actor_of
from xinshu.security.queries import names_of, organisation_names
from xinshu.security.rotation.queries import STATE_TITLES, key_overview
from xinshu.security.routes import requires_role
from xinshu.security.verification import check_record, facts_of, trusted_keys
from xinshu.web.console.desk import OpenDesk

_PER_PAGE = 25
_LOOKED_BACK = timedelta(days=7)
_CHECKED_BLOCKS = 20
_TRAIL = 200
_TITLES: dict[Settings, dict[str, str]] = {}
_LARGEST = (1 << 53) - 1  # the largest number a detail holds
_DETAIL_WORDS = {
    "rows": "条数",
    "blocks": "区块",
    "ok": "相符",
    "full": "全部核对",
    "said": "问题",
    "entry": "记录",
    "seq": "序号",
    "account": "账户",
    "kind": "类别",
    "form": "格式",
    "route": "页面",
    "version": "版本",
    "run": "相邻代码数",
    "off_hours": "非工作时间主体数",
    "approved": "是否同意",
    "period": "期间",
    "open": "待人工回答",
    "failed": "不符合",
    "key": "密钥",
    "step": "步骤",
}
_KIND_WORDS = {
    Kind.DISCLOSURE: "共享查询",
    Kind.DECISION: "审核与授权",
    Kind.IDENTITY: "身份",
    Kind.KEY: "密钥",
    Kind.AUDIT: "审计",
    Kind.SYSTEM: "系统",
}
_TEXTS = ("actor", "unit", "action", "outcome", "ticket", "code", "trace")
_OUTCOMES = {"done": "完成", "refused": "拒绝", "failed": "失败"}


@dataclass(frozen=True, slots=True)
class Line:
    """An entry with its words."""

    found: Found
    name: str
    unit: str
    roles: str
    title: str
    purpose: str
    outcome: str


def routes(open_desk: OpenDesk) -> list[URLPattern]:
    """The routes; the desk is opened when first needed."""
    given = {"open_desk": open_desk}
    return [
        path("c/audit", overview, given, name="console-audit"),
        path("c/audit/entry/<int:number>", one_entry, given, name="console-audit-entry"),
        path("c/audit/proof/<int:seq>", proof, name="console-audit-proof"),
        path("c/audit/subject", subject, given, name="console-audit-subject"),
        path("c/audit/chain", chain, given, name="console-audit-chain"),
        path("c/risks", risks, given, name="console-risks"),
        path("c/keys", keys_and_anchors, given, name="console-keys"),
    ]


@requires_role(Role.AUDIT_ADMIN)
@require_safe
def overview(request: HttpRequest, open_desk: OpenDesk) -> HttpResponse:
    """`/c/audit`: what is odd, and the search."""
    desk, now = open_desk(), timezone.now()
    wanted = _wanted(request)
    _note(request, "audit.view" if wanted is None else "audit.search", now)
    limits = limits_on(open_profile(desk.settings.profile, desk.settings.profiles_dir), shanghai_date(now))
    found = search(wanted or Filter(), limit=_PER_PAGE + 1)
    odd = anomalies(limits, now - _LOOKED_BACK, now)
    names = names_of({each.actor for each in odd})
    return _page(
        request,
        "overview",
        {
            "state": chain_state(now),
            "today": shanghai_date(now),
            "figures": figures(*day_bounds(shanghai_date(now))),
            "odd": [(each, names.get(each.actor, each.actor)) for each in odd],
            "lines": _lines_of(found[:_PER_PAGE], desk),
            "older": _older(request, found),
            "asked": {name: request.GET.get(name, "") for name in (*_TEXTS, "since", "until")},
            "searching": wanted is not None,
            "groups": _groups(),
            "outcomes": _OUTCOMES,
        },
    )


@requires_role(Role.AUDIT_ADMIN)
@require_safe
def one_entry(request: HttpRequest, open_desk: OpenDesk, number: int) -> HttpResponse:
    """`/c/audit/entry/N`: everything recorded of an act, and of the query it belongs to."""
    found = entry(number) if number <= _LARGEST else None
    if found is None:
        raise Http404
    _note(request, "audit.view", timezone.now(), entry=number)
    desk = open_desk()
    (line,) = _lines_of([found], desk)
    detail = {_DETAIL_WORDS.get(name, name): value for name, value in found.detail.items()}
    together = _lines_of(trail(found.ticket, limit=_TRAIL), desk) if found.ticket else []
    return _page(request, "entry", {"line": line, "detail": detail, "trail": together})


@requires_role(Role.AUDIT_ADMIN)
@require_safe
def proof(request: HttpRequest, seq: int) -> HttpResponse:
    """`/c/audit/proof/N`: the proof of a sealed row, to be kept or given away."""
    if not 0 < seq <= _LARGEST:
        raise Http404
    _note(request, "audit.prove", timezone.now(), seq=seq)
    try:
        with bulk_transaction() as bulk:
            content = prove(bulk, seq)
    except NothingSealed:
        raise Http404 from None
    answer = HttpResponse(content, content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="audit-proof-{seq}.json"'
    answer["Cache-Control"] = "no-store"
    return answer


@requires_role(Role.AUDIT_ADMIN)
@require_POST
def subject(request: HttpRequest, open_desk: OpenDesk) -> HttpResponse:
    """`/c/audit/subject`: who looked at a subject. The code comes in the body: it stands in no address and no log."""
    text = str(request.POST.get("code", ""))[:40]
    try:
        code = Uscc.parse(text).value
    except InvalidIdentifier:
        return _page(
            request, "subject", {"problem": "统一社会信用代码应为 18 位且校验位相符", "code": text}, status=422
        )
    desk, now = open_desk(), timezone.now()
    reference = desk.vault.reference("subject", code).bytes
    record_alone(audit_entry(actor_of(request), "audit.subject", now, object_ref=reference))
    found = by_subject(reference, limit=500)
    people = len({each.actor for each in found})
    return _page(request, "subject", {"code": code, "lines": _lines_of(found, desk), "people": people})


@requires_role(Role.AUDIT_ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def chain(request: HttpRequest, open_desk: OpenDesk) -> HttpResponse:
    """`/c/audit/chain`: chain, anchors and keys; POST checks the newest blocks now."""
    desk, now = open_desk(), timezone.now()
    home, report = desk.settings.home, None
    keys = signing_keys(home, "audit")
    if request.method == "POST" and keys:
        first = max(1, chain_state(now).blocks - _CHECKED_BLOCKS + 1)
        report = check_record(trusted_keys(home), desk.settings.audit_anchors, first_block=first)
        _note(request, "audit.verify", now, **facts_of(report, full=False))
    else:
        _note(request, "audit.view", now)
    context = {
        "state": chain_state(now),
        "today": shanghai_date(now),
        "keys": keys,
        "key_states": STATE_TITLES,
        "report": report,
        "checks": _lines_of(search(Filter(action="audit.verify"), limit=10), desk),
        "blocks": _CHECKED_BLOCKS,
    }
    return _page(request, "chain", context)


@requires_role(Role.AUDIT_ADMIN, Role.SECURITY_ADMIN)
@require_safe
def risks(request: HttpRequest, open_desk: OpenDesk) -> HttpResponse:
    """`/c/risks`: the register with what its figures say now, and the scheduled audits."""
    desk, now = open_desk(), timezone.now()
    settings, day = desk.settings, shanghai_date(now)
    _note(request, "risk.view", now)
    register = load_risks(open_profile(settings.profile, settings.profiles_dir))
    judged = judge(register, read_all(settings, now), day)
    context = {
        "state": chain_state(now),
        "risks": judged,
        "due": sum(each.due for each in judged),
        "live": sum(each.live for each in judged),
        "audits": _lines_of(search(Filter(action="audit.evidence"), limit=20), desk),
        "auditor": Role.AUDIT_ADMIN in actor_of(request).roles,
    }
    return _page(request, "risks", context)


@requires_role(Role.SECURITY_ADMIN)
@require_safe
def keys_and_anchors(request: HttpRequest, open_desk: OpenDesk) -> HttpResponse:
    """`/c/keys`: every key with its state, how far a rotation is, and whether the record is anchored."""
    desk, now = open_desk(), timezone.now()
    context = {
        "overview": key_overview(desk.settings.home),
        "state": chain_state(now),
        "today": shanghai_date(now),
        "now": now,
        "broken": broken(),
    }
    answer = render(request, "console/audit/keys.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


def _lines_of(found: Sequence[Found], desk: Desk) -> list[Line]:
    """Entries with names of people, units and purposes."""
    titles = _purpose_titles(desk)
    names = names_of({each.actor for each in found})
    units = organisation_names({each.unit for each in found if each.unit})
    return [
        Line(
            each,
            names.get(each.actor, "系统" if each.actor == "system" else each.actor or "未登录"),
            units.get(each.unit, each.unit),
            "、".join(ROLE_WORDS[Role(role)] for role in each.role.split(",") if role in set(Role)),
            ACTIONS[each.action].title if each.action in ACTIONS else each.action,
            titles.get(each.purpose, each.purpose),
            _OUTCOMES.get(each.outcome, each.outcome),
        )
        for each in found
    ]


def _purpose_titles(desk: Desk) -> dict[str, str]:
    """{code: title} of the purposes of the profile, read once."""
    settings = desk.settings
    if settings not in _TITLES:
        rules = load_gate_rules(open_profile(settings.profile, settings.profiles_dir), desk.catalogue)
        _TITLES[settings] = {each.id: each.title for each in rules.purposes}
    return _TITLES[settings]


def _note(request: HttpRequest, action: str, now: datetime, **detail: int | str) -> None:
    record_alone(audit_entry(actor_of(request), action, now, detail=detail))


def _wanted(request: HttpRequest) -> Filter | None:
    """What the address asks for; None when it asks for nothing."""
    texts = {name: request.GET.get(name, "").strip()[:100] for name in _TEXTS}
    days = {name: _day(request.GET.get(name, "")) for name in ("since", "until")}
    before = request.GET.get("before", "")
    older = int(before) if before.isascii() and before.isdigit() and len(before) < 17 else None
    if not any(texts.values()) and not any(days.values()) and older is None:
        return None
    since, until = days["since"], days["until"]
    return Filter(
        actor=texts["actor"],
        unit=texts["unit"],
        action=texts["action"],
        outcome=texts["outcome"],
        ticket=texts["ticket"],
        code=texts["code"],
        trace=texts["trace"],
        since=None if since is None else day_bounds(since)[0],
        until=None if until is None else day_bounds(until)[1],
        older_than=older,
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if date(2000, 1, 1) <= day < date(9999, 1, 1) else None


def _older(request: HttpRequest, found: Sequence[Found]) -> str:
    """The address of older entries, empty when there are none."""
    if len(found) <= _PER_PAGE:
        return ""
    kept = {name: text for name, text in request.GET.items() if name != "before" and text}
    return urlencode({**kept, "before": found[_PER_PAGE - 1].id})


def _groups() -> dict[str, list[Action]]:
    return {words: [each for each in ACTIONS.values() if each.kind is kind] for kind, words in _KIND_WORDS.items()}


def _page(request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    answer = render(
        request, f"console/audit/{name}.html", {"now": timezone.now(), "broken": broken(), **context}, status=status
    )
    answer["Cache-Control"] = "no-store"
    return answer
