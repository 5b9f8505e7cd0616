"""The desk of queries in the console, with real accounts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.utils import timezone
from tests.disclosure.conftest import PERSON

from xinshu.disclosure import batches
from xinshu.disclosure.models import Ticket
from xinshu.security.domain import Role
from xinshu.security.models import User
from xinshu.security.queries import organisations

GIVEN = {
    "purpose": "administrative-approval",
    "legal_basis": "《中华人民共和国行政许可法》",
    "matter_no": "SP-2026-0001",
    "kind": "organisation",
    "use": "核查",
}


@pytest.fixture
def officer(enter):
    return enter("liu", Role.QUERY_OFFICER)


def ask(browser, world, *numbers, **changes):
    codes = "\n".join(world.company(number) for number in numbers or (1,))
    return browser.post("/c/query", {**GIVEN, "subjects": codes, **changes})


def test_a_single_query_is_answered_on_a_page_with_its_watermark(officer, world):
    told = ask(officer, world)
    text = told.content.decode()
    number = Ticket.objects.get().number
    assert told.status_code == 200
    assert told["Cache-Control"] == "no-store"
    for shown in ("A市第1纺织有限公司", "A环罚〔2026〕1号", number, "liu某", "未核查", "银行征信记录"):
        assert shown in text
    assert number in officer.get("/c/query").content.decode()
    assert "A环罚" not in officer.get(f"/c/query/{number}").content.decode()


def test_whoever_looks_stands_faintly_behind_every_page(officer, enter):
    for browser, name in ((officer, "liu某"), (enter("chen", Role.QUERY_APPROVER), "chen某")):
        told = browser.get("/c/watermark.svg")
        assert (told.status_code, told["Content-Type"]) == (200, "image/svg+xml")
        assert name in told.content.decode()


def test_an_approver_sees_whom_and_what_the_query_asks_about(officer, enter, world):
    own = ask(officer, world, 1, 2)["Location"]
    page = enter("chen", Role.QUERY_APPROVER).get(own).content.decode()
    for shown in (world.company(1), world.company(2), "行政处罚", "行政处罚决定书文号"):
        assert shown in page
    assert "欠税信息" not in page


def test_a_persons_number_is_masked_where_his_query_waits(officer, world):
    own = ask(officer, world, kind="person", purpose="award-evaluation", subjects=PERSON)["Location"]
    page = officer.get(own).content.decode()
    assert f"{PERSON[0]}{'*' * 16}{PERSON[-1]}" in page
    assert PERSON not in page


def test_a_result_stands_by_item_without_what_its_head_says(officer, world):
    page = ask(officer, world).content.decode()
    facts = page[page.index("query__facts") :]
    assert facts.count("A市第1纺织有限公司") == 0
    assert facts.count("<b>1</b>") == 2
    assert facts.index("企业登记注册信息") < facts.index("A环罚〔2026〕1号")


def test_a_refusal_keeps_what_was_typed_and_says_why(officer, world):
    told = ask(officer, world, matter_no="")
    assert told.status_code == 422
    assert "查询登记不完整" in told.content.decode()
    assert world.company(1) in told.content.decode()


def test_a_batch_goes_from_application_to_file_and_destruction(site, officer, enter, world):
    told = ask(officer, world, 1, 2, 3)
    assert told.status_code == 303
    own = told["Location"]
    ticket = Ticket.objects.get()
    approver = enter("chen", Role.QUERY_APPROVER)
    assert ticket.number in approver.get("/c/query").content.decode()
    counts = {"field_count": ticket.field_count, "subject_count": 3, "decision": "approve"}
    assert approver.post(f"{own}/review", counts).status_code == 303
    assert batches.run_batch(site, ticket.id, timezone.now()) == "done"
    token = officer.post(f"{own}/link", {"form": "csv"})["Location"]
    file = officer.get(token)
    assert file.status_code == 200
    assert file["Cache-Control"] == "no-store"
    assert ticket.number in file["Content-Disposition"]
    assert "A环罚〔2026〕2号" in file.content.decode()
    assert officer.get(token).status_code == 404
    assert officer.post(f"{own}/destroy", {"how": "已删除"}).status_code == 303
    ticket.refresh_from_db()
    assert ticket.state == "destroyed"


def test_a_batch_is_approved_and_fetched_with_a_fresh_factor_only(site, officer, enter, world):
    own = ask(officer, world, 1, 2)["Location"]
    ticket = Ticket.objects.get()
    counts = {"field_count": ticket.field_count, "subject_count": 2, "decision": "approve"}
    long_ago = timezone.now() - timedelta(minutes=6)
    told = enter("chen", Role.QUERY_APPROVER, factor=long_ago).post(f"{own}/review", counts)
    assert told.status_code == 403
    assert "再次验证" in told.content.decode()
    ticket.refresh_from_db()
    assert ticket.state == "waiting"
    assert enter("zhao", Role.QUERY_APPROVER).post(f"{own}/review", counts).status_code == 303
    batches.run_batch(site, ticket.id, timezone.now())
    session = officer.session
    session["account_authentication_methods"] = [{"method": "mfa", "type": "totp", "at": long_ago.timestamp()}]
    session.save()
    told = officer.post(f"{own}/link", {"form": "csv"})
    assert told.status_code == 403
    assert "再次验证" in told.content.decode()


def test_a_link_of_another_session_is_unknown(site, officer, enter, world):
    ask(officer, world)
    number = Ticket.objects.get().number
    token = officer.post(f"/c/query/{number}/link", {"form": "pdf"})["Location"]
    assert enter("zhou", Role.QUERY_OFFICER).get(token).status_code == 404
    assert officer.get(token)["Content-Type"] == "application/pdf"


@pytest.mark.parametrize("way", ["", "/review", "/answer", "/link", "/destroy", "/edit", "/withdraw"])
def test_anothers_query_is_answered_like_an_unknown_one(way, site, officer, enter, world):
    ask(officer, world)
    number = Ticket.objects.get().number
    other = next(each.uscc for each in organisations() if each.uscc != world.source)
    stranger = enter("wang", Role.QUERY_APPROVER if way == "/review" else Role.QUERY_OFFICER, other)
    answers = []
    for each in (number, "CX-0000000000000000"):
        call = stranger.get if not way else stranger.post
        told = call(f"/c/query/{each}{way}")
        body = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", told.content.decode())
        answers.append((told.status_code, body.replace(each, "")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404


EDITED = {"legal_basis": "另一依据", "matter_no": "SP-2026-0002", "use": "复核", "destroy_by": ""}


def test_a_change_after_the_approval_voids_it_and_says_so(site, officer, enter, world, audited):
    own = ask(officer, world, 1, 2)["Location"]
    ticket = Ticket.objects.get()
    approver = enter("chen", Role.QUERY_APPROVER)
    counts = {"field_count": ticket.field_count, "subject_count": 2, "decision": "approve"}
    approver.post(f"{own}/review", counts)
    form = officer.get(f"{own}/edit").content.decode()
    assert "保存修改后全部作废" in form
    assert GIVEN["matter_no"] in form
    assert officer.post(f"{own}/edit", EDITED).status_code == 303
    page = officer.get(own).content.decode()
    for shown in ("修改前的审核全部作废", "已作废：之后内容有修改", "第 2 版", "SP-2026-0002", "待审核"):
        assert shown in page
    assert batches.run_batch(site, ticket.id, timezone.now()) != "done"
    assert audited(action="disclosure.batch_query", outcome="done") == []
    assert approver.post(f"{own}/review", counts).status_code == 303
    assert batches.run_batch(site, ticket.id, timezone.now()) == "done"
    told = officer.post(f"{own}/edit", EDITED)
    assert (told.status_code, "该查询已经处理" in told.content.decode()) == (422, True)


def test_a_change_to_nothing_keeps_what_was_typed(officer, world):
    own = ask(officer, world, 1, 2)["Location"]
    told = officer.post(f"{own}/edit", {**EDITED, "legal_basis": "", "use": "抄错"})
    assert told.status_code == 422
    assert "查询登记不完整" in told.content.decode()
    assert "抄错" in told.content.decode()
    assert Ticket.objects.get().version == 1


def test_a_query_is_taken_back_in_two_clicks(officer, world):
    own = ask(officer, world, 1, 2)["Location"]
    assert "撤回后这项查询作废" in officer.get(f"{own}?end=1").content.decode()
    assert Ticket.objects.get().state == "waiting"
    assert officer.post(f"{own}/withdraw").status_code == 303
    assert Ticket.objects.get().state == "voided"
    assert "撤回这项查询" not in officer.get(own).content.decode()
    assert officer.post(f"{own}/withdraw").status_code == 422


def test_an_approver_sees_no_way_to_change_anothers_query(officer, enter, world):
    own = ask(officer, world, 1, 2)["Location"]
    approver = enter("chen", Role.QUERY_APPROVER)
    page = approver.get(own).content.decode()
    assert f"{own}/edit" not in page
    assert "撤回这项查询" not in page
    assert approver.get(f"{own}/edit").status_code == 403


def test_other_posts_do_not_come_in(enter):
    assert enter("hao", Role.REPORTER).get("/c/query").status_code == 403


def test_a_job_for_someone_who_left_is_refused(site, officer, enter, world, audited):
    ask(officer, world, 1, 2)
    ticket = Ticket.objects.get()
    approver = enter("chen", Role.QUERY_APPROVER)
    counts = {"field_count": ticket.field_count, "subject_count": 2, "decision": "approve"}
    approver.post(f"/c/query/{ticket.number}/review", counts)
    User.objects.filter(pk=UUID(ticket.requester)).update(is_active=False)
    assert batches.run_batch(site, ticket.id, datetime.now(UTC)) == "failed"
    assert audited(action="disclosure.batch_query")[-1]["code"] == "disclosure.not_allowed"
