"""`/me`: what the legal person and his handlers see and do, and who looked at the firm."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from tests.security.identity.seeded import GIVEN, HANDLER, seeded  # noqa: F401

from xinshu.kernel.clock import shanghai_date
from xinshu.security.audit.models import Entry
from xinshu.security.audit.services import record_many
from xinshu.security.domain import Actor, Role
from xinshu.security.identity.recording import audit_entry
from xinshu.security.models import User
from xinshu.web.space.home import LOOKS

OFFICER = "chaxun"


@pytest.fixture
def enter(seeded, browser_of) -> Callable[[str], Client]:  # noqa: F811
    return lambda name: browser_of(User.objects.get(username=name))


@pytest.fixture
def firm(seeded) -> str:  # noqa: F811
    return seeded.ids["firm"]


def text_of(answer) -> str:
    return answer.content.decode()


def form(**changes: object) -> dict[str, object]:
    day = shanghai_date(timezone.now())
    given = {"handler": "xinlai", "name": "xinlai某", "scope": ["view"], "first": day, "last": day + timedelta(days=9)}
    return given | changes


def codes(action: str) -> list[str]:
    return list(Entry.objects.filter(action=action).order_by("id").values_list("code", flat=True))


def test_the_legal_person_sees_his_firm_and_its_handlers(enter, firm):
    legal = enter("faren")
    home = legal.get("/me")
    assert firm in text_of(home)
    assert "法定代表人" in text_of(home)
    assert home["Cache-Control"] == "no-store"
    page = text_of(legal.get(f"/me/firms/{firm}"))
    assert f"{HANDLER}某" in page
    assert "授权经办人" in page


def test_the_handler_sees_his_mandate_and_gives_none(enter, firm):
    handler = enter(HANDLER)
    page = text_of(handler.get(f"/me/firms/{firm}"))
    assert "faren某（授权时的法定代表人）" in page
    assert "授权经办人" not in page
    refused = handler.post(f"/me/firms/{firm}/mandates", form())
    assert refused.status_code == 403
    assert "经办授权不含此事项" in text_of(refused)
    assert codes("identity.mandate")[-1] == "policy.mandate_scope"


def test_a_mandate_is_given_and_taken_back_on_the_page(enter, make_user, firm):
    make_user("xinlai", Role.ENTERPRISE)
    legal, handler = enter("faren"), enter("xinlai")
    assert firm not in text_of(handler.get("/me"))
    answer = legal.post(f"/me/firms/{firm}/mandates", form())
    assert (answer.status_code, answer["Location"]) == (302, f"/me/firms/{firm}")
    page = text_of(legal.get(f"/me/firms/{firm}"))
    last = (shanghai_date(timezone.now()) + timedelta(days=9)).isoformat()
    assert re.search(rf"xinlai某.*至 {last}", page, re.DOTALL)
    assert firm in text_of(handler.get("/me"))
    assert handler.get(f"/me/firms/{firm}/looks").status_code == 200
    ends = re.findall(r'action="(/me/mandates/[^"]+/end)"', page)
    for each in ends:
        assert legal.post(each, {"firm": firm})["Location"] == f"/me/firms/{firm}"
    assert firm not in text_of(handler.get("/me"))
    assert handler.get(f"/me/firms/{firm}").status_code == 404
    over = handler.get(f"/me/firms/{firm}/looks")
    assert over.status_code == 403
    assert "经办授权已到期或已收回" in text_of(over)
    assert codes("disclosure.own")[-1] == "identity.mandate_ended"
    assert legal.post(ends[0], {"firm": "https://evil.example/"})["Location"] == "/me"


def test_a_handler_gives_up_on_the_page(enter, firm):
    handler = enter(HANDLER)
    (there,) = re.findall(r'action="(/me/mandates/[^"]+/end)"', text_of(handler.get(f"/me/firms/{firm}")))
    assert handler.post(there)["Location"] == "/me"
    assert firm not in text_of(handler.get("/me"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"handler": "nobody"}, "经办人编号与姓名不符"),
        ({"scope": []}, "授权范围为空"),
        ({"scope": ["legal"]}, "授权范围为空或无法识别"),
        ({"last": ""}, "截止日期应晚于起始日期"),
        ({"last": "2026-13-40"}, "截止日期应晚于起始日期"),
        ({"last": "2020-01-01"}, "截止日期应晚于起始日期"),
        ({"last": "2999-01-01"}, "截止日期应晚于起始日期"),
    ],
)
def test_what_was_typed_wrong_is_told_and_kept(enter, make_user, firm, changes, words):
    make_user("xinlai", Role.ENTERPRISE)
    answer = enter("faren").post(f"/me/firms/{firm}/mandates", form(**changes))
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert 'value="xinlai某"' in text_of(answer)


def test_the_list_of_looks_equals_the_record(seeded, enter, firm):  # noqa: F811
    assert enter(OFFICER).post("/c/query", {**GIVEN, "subjects": firm}).status_code == 200
    legal = enter("faren")
    page = text_of(legal.get(f"/me/firms/{firm}/looks"))
    reference = seeded.gate.vault.reference("subject", firm).bytes
    stored = Entry.objects.filter(object_ref=reference, action__in=LOOKS)
    assert stored.count() >= 2
    assert page.count('<th scope="row"') == stored.count()
    assert [each for each in stored.values_list("ticket", flat=True) if each not in page] == []
    assert f"{OFFICER}某" not in page
    assert OFFICER not in page
    own = Entry.objects.get(object_ref=reference, action="disclosure.own")
    assert (own.unit, own.actor) == (firm, str(User.objects.get(username="faren").pk))


def test_older_looks_are_on_the_next_page(seeded, enter, firm):  # noqa: F811
    reference = seeded.gate.vault.reference("subject", firm).bytes
    officer = Actor(id="", name="", roles=frozenset(), unit=seeded.unit, region="", person="")
    entry = audit_entry(officer, "disclosure.query", timezone.now(), object_ref=reference, ticket="CX-ZZZ")
    with transaction.atomic():
        record_many([entry] * 60)
    legal = enter("faren")
    first = text_of(legal.get(f"/me/firms/{firm}/looks"))
    assert first.count('<th scope="row"') == 50
    (older,) = re.findall(r'href="(\?before=[0-9]+)"', first)
    second = text_of(legal.get(f"/me/firms/{firm}/looks{older}"))
    assert seeded.ids["number"] in second
    for odd in ("?before=x", "?before=-1", "?before=" + "9" * 40, "?before=9999999999999999999"):
        assert legal.get(f"/me/firms/{firm}/looks{odd}").status_code == 200


def test_without_the_scope_nobody_sees_who_looked(seeded, enter, make_user, firm):  # noqa: F811
    make_user("xinlai", Role.ENTERPRISE)
    enter("faren").post(f"/me/firms/{firm}/mandates", form(scope=["consent"]))
    answer = enter("xinlai").get(f"/me/firms/{firm}/looks")
    assert answer.status_code == 403
    assert seeded.ids["number"] not in text_of(answer)
    assert codes("disclosure.own") == ["policy.mandate_scope"]


def test_a_stranger_asking_who_looked_is_on_the_record(enter, make_user, firm):
    make_user("luren", Role.ENTERPRISE)
    assert enter("luren").get(f"/me/firms/{firm}/looks").status_code == 404
    assert codes("disclosure.own") == ["identity.mandate_unknown"]
