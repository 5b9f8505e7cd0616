"""`/me/consents`: a firm's people agree to, narrow and end consents in the browser; strangers and other firms do not."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from tests.disclosure.conftest import NOW, browser_of

from xinshu.disclosure.asking import query
from xinshu.disclosure.domain import Outcome
from xinshu.disclosure.models import Consent
from xinshu.security.domain import Role
from xinshu.security.identity.mandates import give, state_legal
from xinshu.security.identity.provider import Firm
from xinshu.security.identity.requests import actor_by_name
from xinshu.security.models import Post, User

NAME = "A市第{}纺织有限公司"


@pytest.fixture
def person(site, world):
    """A browser of somebody who is the legal person of these enterprises."""

    def make(name: str, *numbers: int, factor: datetime | None = None) -> Client:
        now = timezone.now()
        user = User.objects.create(username=name, display_name=f"{name}某")
        Post.objects.create(user=user, role=Role.ENTERPRISE.value, from_at=now - timedelta(days=1))
        if numbers:
            state_legal(user, [Firm(world.company(each), NAME.format(each)) for each in numbers], now)
        return browser_of(user, factor)

    return make


@pytest.fixture
def sun(person) -> Client:
    """The legal person of the first enterprise."""
    return person("sun", 1)


@pytest.fixture
def asked(make_consent) -> str:
    until = timezone.now() + timedelta(days=365)
    return make_consent(given=False, evidence="", valid_to=until, max_uses=10, per_day=10).number


def agree(browser, number, **changes):
    page = browser.get(f"/me/consents/{number}").content.decode()
    shown = re.search(r'name="shown" value="(\w+)"', page)[1]
    items = re.findall(r'name="item" value="([\w-]+)"', page)
    return browser.post(f"/me/consents/{number}/agree", {"shown": shown, "item": items, "term": "asked", **changes})


def sees(gate, banker, financing):
    return query(gate, banker, financing(1), timezone.now()).result.subjects[0]


def test_agreeing_and_withdrawing_take_two_clicks_each(site, sun, asked, banker, financing):
    listed = sun.get("/me/consents").content.decode()
    for shown in ("示例农商银行申请查询贵企业信息", "融资授信", asked, "行政处罚", "拒绝不影响您使用本平台其他服务"):
        assert shown in listed
    told = agree(sun, asked)
    assert told.status_code == 302
    assert "已授权" in sun.get(told["Location"]).content.decode()
    assert sees(site, banker, financing).outcome is Outcome.DISCLOSED
    sure = sun.get(f"/me/consents/{asked}?end=1").content.decode()
    assert "示例农商银行将立即不能再查询" in sure
    assert sees(site, banker, financing).outcome is Outcome.DISCLOSED
    assert sun.post(f"/me/consents/{asked}/revoke").status_code == 302
    assert sees(site, banker, financing).outcome is Outcome.UNAUTHORISED
    ended = sun.get("/me/consents?show=ended").content.decode()
    assert "已撤回" in ended
    assert ended.count("按授权查询") == 2


def test_agreeing_asks_who_it_is_again_and_keeps_the_choice(person, asked):
    late = person("li", 1, factor=timezone.now() - timedelta(minutes=6))
    told = agree(late, asked, item=["administrative-penalty"], term="once")
    page = told.content.decode()
    assert (told.status_code, "授权尚未作出" in page) == (403, True)
    assert Consent.objects.get().state == "asked"
    there = parse_qs(urlsplit(unescape(re.search(r'href="(/c/step-up[^"]+)"', page)[1])).query)["next"][0]
    again = late.get(there).content.decode()
    assert re.findall(r'value="([\w-]+)" checked', again) == ["administrative-penalty", "once"]
    assert late.post(f"/me/consents/{asked}/refuse").status_code == 302


def test_a_choice_of_items_and_term_is_kept_to(site, sun, asked, banker, financing):
    agree(sun, asked, item=["administrative-penalty"], term="once")
    found = Consent.objects.get()
    assert (found.max_uses, found.per_day) == (1, 1)
    assert {each.partition(".")[0] for each in found.fields.split()} == {"administrative-penalty"}
    assert {fact.item for fact in sees(site, banker, financing).facts} == {"administrative-penalty"}


def test_for_ninety_days_is_for_ninety_days(sun, asked):
    agree(sun, asked, term="short")
    left = Consent.objects.get().valid_to - timezone.now()
    assert timedelta(days=89, hours=23) < left <= timedelta(days=90)


def test_nothing_chosen_is_refused_with_a_word_about_it(sun, asked):
    told = agree(sun, asked, item=[])
    assert told.status_code == 422
    assert "请至少保留一类信息" in told.content.decode()
    assert Consent.objects.get().state == "asked"


def test_terms_changed_while_they_were_read_are_refused(sun, asked):
    page = sun.get(f"/me/consents/{asked}").content.decode()
    Consent.objects.update(max_uses=9999)
    shown = re.search(r'name="shown" value="(\w+)"', page)[1]
    told = sun.post(f"/me/consents/{asked}/agree", {"shown": shown, "item": ["administrative-penalty"]})
    assert told.status_code == 422
    assert "有改动" in told.content.decode()
    assert Consent.objects.get().state == "asked"


def test_refusing_pausing_narrowing_and_ending_all(sun, make_consent):
    until = timezone.now() + timedelta(days=30)
    refused = make_consent(given=False, valid_to=until).number
    kept, narrowed = make_consent(valid_to=until).number, make_consent(valid_to=until).number
    for number, step, sent in [
        (refused, "refuse", {}),
        (kept, "pause", {}),
        (kept, "resume", {}),
        (kept, "pause", {}),
        (narrowed, "narrow", {"item": "administrative-penalty"}),
    ]:
        assert sun.post(f"/me/consents/{number}/{step}", sent).status_code == 302, step
    states = dict(Consent.objects.values_list("number", "state"))
    assert states == {refused: "revoked", kept: "paused", narrowed: "given"}
    assert "已拒绝" in sun.get("/me/consents?show=ended").content.decode()
    firm = re.search(r'name="firm" value="(\w+)"', sun.get("/me/consents").content.decode())[1]
    assert sun.post("/me/consents/end-all", {"firm": firm}).status_code == 302
    assert set(Consent.objects.values_list("state", flat=True)) == {"revoked"}


STEPS = ["agree", "refuse", "narrow", "pause", "resume", "revoke", "nonsense"]


@pytest.mark.parametrize("step", ["", *STEPS])
def test_another_firms_consent_is_answered_like_an_unknown_one(step, person, asked, audited):
    stranger = person("wang", 2)
    answers = []
    for number in (asked, "SQ-0000000000000000"):
        address = f"/me/consents/{number}{step and '/' + step}"
        told = (
            stranger.post(address, {"shown": "x", "item": "administrative-penalty"}) if step else stranger.get(address)
        )
        answers.append((told.status_code, re.sub(r'value="[\w-]+"', "", told.content.decode()).replace(number, "")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    assert Consent.objects.get().state == "asked"
    if step:
        assert [row["code"] for row in audited()[-2:]] == ["disclosure.no_consent"] * 2


def test_another_firms_list_is_unknown(person, world, asked):
    stranger = person("wang", 2)
    assert stranger.get(f"/me/consents?firm={world.company(1)}").status_code == 404
    assert stranger.post("/me/consents/end-all", {"firm": world.company(1)}).status_code == 404
    assert asked not in stranger.get("/me/consents").content.decode()


@pytest.mark.parametrize(("scope", "status"), [(["consent"], 200), (["view"], 404)])
def test_a_handler_settles_consents_when_his_mandate_says_so(scope, status, person, sun, asked, world):
    now = timezone.now()
    handler = person("zhao")
    legal = actor_by_name("sun")
    until = now + timedelta(days=30)
    give(legal, world.company(1), handler="zhao", name="zhao某", scope=scope, to_at=until, now=now)
    assert handler.get(f"/me/consents/{asked}").status_code == status
    assert handler.get("/me/consents").status_code == 200
    told = handler.post(f"/me/consents/{asked}/refuse")
    assert told.status_code == (302 if status == 200 else 404)


def test_somebody_of_two_firms_has_a_list_for_each(person, world, asked):
    both = person("qian", 1, 2)
    first = both.get(f"/me/consents?firm={world.company(1)}").content.decode()
    second = both.get(f"/me/consents?firm={world.company(2)}").content.decode()
    assert asked in first
    assert asked not in second
    assert "切换企业" in second
    assert both.get(f"/me/consents/{asked}").status_code == 200


def test_somebody_without_a_firm_is_told_what_to_do(person):
    told = person("li").get("/me/consents")
    assert told.status_code == 200
    assert "还没有可以办理授权的企业" in told.content.decode()


def test_officers_do_not_come_in(site, world, asked):
    user = User.objects.create(username="liu", display_name="liu某", organisation_id=world.source)
    Post.objects.create(user=user, role=Role.QUERY_OFFICER.value, organisation_id=world.source, from_at=NOW)
    client = browser_of(user)
    assert client.get("/me/consents").status_code == 403
    assert client.post(f"/me/consents/{asked}/revoke").status_code == 403
    assert Consent.objects.get().state == "asked"
