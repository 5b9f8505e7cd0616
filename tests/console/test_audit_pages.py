"""The auditor's pages: what they find, what they record of the auditor himself, and who is kept out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import transaction
from django.test import Client, RequestFactory
from django.utils import timezone

from xinshu.bootstrap.audit import collect_evidence, seal_record
from xinshu.kernel.clock import SHANGHAI
from xinshu.ops.evidence import Period
from xinshu.security.audit.domain import AuditEntry, Outcome
from xinshu.security.audit.queries import Filter, search
from xinshu.security.audit.services import record
from xinshu.security.audit.watching import broken
from xinshu.security.domain import Role
from xinshu.security.identity.sessions import begin
from xinshu.security.models import Post, User
from xinshu.security.verification import check_record, facts_of, trusted_keys

PAGES = ("/c/audit", "/c/audit/chain", "/c/audit/entry/1", "/c/audit/proof/1")


@pytest.fixture
def enter(site, world):
    """A browser signed in as a new user with a role."""

    def make(name: str, role: Role) -> Client:
        user = User.objects.create(username=name, display_name=f"{name}某", organisation_id=world.source)
        since = timezone.now() - timedelta(days=1)
        Post.objects.create(user=user, role=role.value, organisation_id=world.source, from_at=since)
        client = Client(headers={"host": "127.0.0.1"})
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        request = RequestFactory().get("/")
        request.session = client.session
        begin(request, user, timezone.now())
        return client

    return make


@pytest.fixture
def auditor(enter):
    return enter("shen", Role.AUDIT_ADMIN)


@pytest.fixture
def write(world):
    """An entry of a query, now; name only what the test is about."""

    def make(**changes: object) -> int:
        facts = {
            "at": datetime.now(UTC),
            "actor": "u-17",
            "role": "query_officer",
            "unit": world.source,
            "address": "192.0.2.7",
            "action": "disclosure.query",
            "purpose": "administrative-approval",
            "ticket": "CX-2026-00001",
            **changes,
        }
        with transaction.atomic():
            return record(AuditEntry(**facts))

    return make


def text_of(answer) -> str:
    assert answer.status_code == 200, answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    return answer.content.decode()


def one_in_the_morning() -> datetime:
    """Of yesterday, so that all of that day has been."""
    return datetime.now(SHANGHAI).replace(hour=1, minute=0, second=0) - timedelta(days=1)


def rows_of(text: str) -> list[str]:
    """The lines of the table of entries on a page."""
    part = text[text.index('id="h-find"') :]
    table = part[part.index("<tbody>") : part.index("</tbody>")] if "<tbody>" in part else ""
    return table.split("<tr>")[1:]


@pytest.mark.parametrize("role", [each for each in Role if each is not Role.AUDIT_ADMIN])
def test_nobody_but_the_auditor_comes_in(enter, write, role):
    write()
    other = enter("other", role)
    assert {other.get(page).status_code for page in PAGES} == {403}
    assert other.post("/c/audit/subject", {"code": "1"}).status_code == 403
    refused = search(Filter(code="policy.role_missing"))
    assert {each.detail["route"] for each in refused} >= {"c/audit", "c/audit/chain"}


def test_strangers_go_to_the_sign_in_page(site):
    for page in (*PAGES, "/c/keys"):
        assert Client(headers={"host": "127.0.0.1"}).get(page)["Location"].startswith("/login")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param("?ticket=CX-2026-00002", ["CX-2026-00002"], id="ticket"),
        pytest.param("?outcome=refused", ["CX-2026-00003"], id="refused"),
        pytest.param("?action=disclosure.download", ["CX-2026-00004"], id="action"),
        pytest.param("?actor=u-5", ["CX-2026-00005"], id="person"),
        pytest.param("?until=2020-01-01", [], id="nothing so old"),
        pytest.param("?ticket=%27%20OR%201%3D1--", [], id="hostile"),
        pytest.param("?since=31.2.2026&before=x&ticket=CX-2026-00002", ["CX-2026-00002"], id="nonsense left out"),
    ],
)
def test_the_record_is_searched(auditor, write, asked, found):
    write(ticket="CX-2026-00002")
    write(ticket="CX-2026-00003", outcome=Outcome.REFUSED, code="disclosure.purpose_unknown")
    write(ticket="CX-2026-00004", action="disclosure.download")
    write(ticket="CX-2026-00005", actor="u-5")
    text = text_of(auditor.get(f"/c/audit{asked}"))
    shown = [number for row in rows_of(text) for number in ("2", "3", "4", "5") if f"CX-2026-0000{number}" in row]
    assert [f"CX-2026-0000{each}" for each in shown] == found if found else "没有符合条件的记录" in text


def test_pages_of_older_entries_follow_one_another_without_a_gap(auditor, write):
    numbers = [write(ticket=f"CX-{each:03}") for each in range(40)]
    first = text_of(auditor.get("/c/audit?actor=u-17"))
    older = first[first.index("before=") :].split('"')[0].replace("&amp;", "&").split("#")[0]
    second = text_of(auditor.get(f"/c/audit?actor=u-17&{older}"))
    seen = [
        number for text in (first, second) for row in rows_of(text) for number in numbers if f'/entry/{number}"' in row
    ]
    assert seen == sorted(numbers, reverse=True)


def test_who_looked_at_a_subject_is_told_and_the_code_is_in_no_address(auditor, write, world):
    code = world.company(1)
    write(object_ref=world.desk.vault.reference("subject", code).bytes, actor="u-9", ticket="CX-7")
    write(ticket="CX-8")
    text = text_of(auditor.post("/c/audit/subject", {"code": code}))
    assert "CX-7" in text
    assert "CX-8" not in text
    (looked,) = search(Filter(action="audit.subject"))
    assert looked.object_ref == world.desk.vault.reference("subject", code).bytes.hex()
    assert auditor.get("/c/audit/subject").status_code == 405
    assert auditor.post("/c/audit/subject", {"code": "nonsense"}).status_code == 422


def test_an_entry_is_shown_whole_with_its_trail(auditor, write):
    number = write(ticket="CX-9", detail={"run": 12})
    write(ticket="CX-9", action="disclosure.download")
    text = text_of(auditor.get(f"/c/audit/entry/{number}"))
    for shown in ("查询主体信息", "下载查询结果", "192.0.2.7", "行政审批", "相邻代码数", "待封存"):
        assert shown in text
    assert auditor.get("/c/audit/entry/99999").status_code == 404
    assert auditor.get(f"/c/audit/entry/{10**30}").status_code == 404
    assert auditor.get("/c/audit/proof/99999").status_code == 404


def test_each_look_of_the_auditor_is_itself_on_the_record(auditor, write, world):
    number = write()
    seal_record(world.desk.settings, datetime.now(UTC))
    person = str(User.objects.get(username="shen").pk)
    for page in ("/c/audit", "/c/audit?ticket=x", "/c/audit/chain", f"/c/audit/entry/{number}", "/c/audit/proof/1"):
        assert auditor.get(page).status_code == 200
    auditor.post("/c/audit/chain")
    done = [each.action for each in reversed(search(Filter(actor=person)))]
    assert done == ["audit.view", "audit.search", "audit.view", "audit.view", "audit.prove", "audit.verify"]


def test_a_look_that_cannot_be_recorded_does_not_happen(auditor, write, database):
    write(ticket="CX-2026-00077")
    with psycopg.connect(database.conninfo, autocommit=True) as owner:
        owner.execute("ALTER TABLE security_audit_entry RENAME COLUMN trace TO gone")
    auditor.raise_request_exception = False
    answer = auditor.get("/c/audit")
    assert answer.status_code >= 500
    assert "CX-2026-00077" not in answer.content.decode()


def test_what_is_odd_is_listed_and_leads_to_its_entries(auditor, write):
    night = one_in_the_morning()
    for each in range(20):
        write(at=night + timedelta(minutes=each), actor="u-night")
    for _ in range(5):
        write(actor="u-refused", outcome=Outcome.REFUSED, code="disclosure.purpose_unknown")
    write(actor="u-near", action="disclosure.alarm", detail={"run": 12})
    for each in range(30):
        write(at=night + timedelta(hours=10, seconds=each), actor="u-burst", object_ref=each.to_bytes(16, "big"))
    text = text_of(auditor.get("/c/audit"))
    odd = text[text.index('id="h-odd"') : text.index('id="h-subject"')]
    rows = odd.split("<tr>")[2:]
    words = {
        actor: next((row for row in rows if f"actor={actor}&" in row), "")
        for actor in ("u-night", "u-refused", "u-near", "u-burst", "u-17")
    }
    assert "非工作时间集中查询" in words["u-night"]
    assert "多次被拒绝" in words["u-refused"]
    assert "代码相邻" in words["u-near"]
    assert "一分钟内密集查询" in words["u-burst"]
    assert words["u-17"] == ""


def test_one_below_each_limit_is_not_odd(auditor, write):
    night = one_in_the_morning()
    for each in range(19):
        write(at=night + timedelta(minutes=each), actor="u-night")
    for _ in range(4):
        write(actor="u-refused", outcome=Outcome.REFUSED, code="disclosure.purpose_unknown")
    assert "未发现超过限值的情况" in text_of(auditor.get("/c/audit"))


def test_a_broken_chain_is_a_red_banner_until_a_full_check_is_in_order(auditor, write, world, database):
    settings = world.desk.settings
    write()
    seal_record(settings, datetime.now(UTC))
    assert "相符" in text_of(auditor.post("/c/audit/chain"))
    statement = "UPDATE security_audit_entry SET address = %s WHERE id = (SELECT min(id) FROM security_audit_entry)"
    with psycopg.connect(database.conninfo, autocommit=True) as owner:
        owner.execute("ALTER TABLE security_audit_entry DISABLE TRIGGER USER")
        (was,) = owner.execute("SELECT address FROM security_audit_entry ORDER BY id LIMIT 1").fetchone()
        owner.execute(statement, ["198.51.100.1"])
        assert "审计链有问题" in text_of(auditor.post("/c/audit/chain"))
        assert 'class="alarm" role="alert"' in text_of(auditor.get("/c/audit"))
        owner.execute(statement, [was])
        owner.execute("ALTER TABLE security_audit_entry ENABLE TRIGGER USER")
    assert "相符" in text_of(auditor.post("/c/audit/chain"))
    assert broken() is not None  # a part in order clears nothing
    report = check_record(trusted_keys(settings.home), settings.audit_anchors)
    write(action="audit.verify", detail=facts_of(report, full=True))
    assert "审计链有问题" not in text_of(auditor.get("/c/audit"))


def test_an_unanchored_record_is_told(auditor):
    assert "敏感查询已暂停" in text_of(auditor.get("/c/audit"))


def test_the_security_administrator_sees_keys_and_anchors(enter, write, world):
    write()
    seal_record(world.desk.settings, datetime.now(UTC))
    text = text_of(enter("an", Role.SECURITY_ADMIN).get("/c/keys"))
    for shown in ("审计签名", "个人信息字段", "在用", "没有进行中的轮换", "正常"):
        assert shown in text
    assert enter("li", Role.OPERATOR).get("/c/keys").status_code == 403


def test_the_register_shows_figures_beyond_their_limits_first(auditor, enter, write):
    for _ in range(51):
        write(outcome=Outcome.REFUSED, code="disclosure.purpose_unknown")
    text = text_of(auditor.get("/c/risks"))
    first = text[text.index("<tbody>") :].split("<tr>")[1]
    assert "查询人员无正当理由" in first
    assert "51 次" in first
    assert "应不超过 50 次" in first
    assert "还没有定期审计" in text
    assert enter("an", Role.SECURITY_ADMIN).get("/c/risks").status_code == 200
    assert enter("li", Role.OPERATOR).get("/c/risks").status_code == 403
    person = str(User.objects.get(username="shen").pk)
    assert [each.action for each in search(Filter(actor=person))] == ["risk.view"]


def test_a_scheduled_audit_is_listed(auditor, write, world, tmp_path):
    write()
    seal_record(world.desk.settings, datetime.now(UTC))
    made = collect_evidence(world.desk.settings, tmp_path / "evidence", Period.parse("2026-Q4"), datetime.now(UTC))
    text = text_of(auditor.get("/c/risks"))
    audits = text[text.index('id="h-audits"') :]
    assert "2026-Q4" in audits
    assert f'data-l="待人工回答">{made.open}<' in audits
