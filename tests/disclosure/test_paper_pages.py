"""`/c/consents`: consents on paper in the browser, from the form to the confirmation, the download and the end."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from tests.disclosure.conftest import PERSON

from xinshu.disclosure.models import Consent
from xinshu.disclosure.paper_scans import MOST_BYTES
from xinshu.kernel.clock import shanghai_date
from xinshu.security.domain import Role
from xinshu.security.queries import organisations

SCAN = b"\x89PNG\r\n\x1a\n a paper"


@pytest.fixture
def unit(site) -> str:
    return next(each.uscc for each in organisations() if each.kind == "human-resources")


@pytest.fixture
def officer(enter, unit):
    return enter("ren", Role.QUERY_OFFICER, unit)


@pytest.fixture
def approver(enter, unit):
    return enter("shen", Role.QUERY_APPROVER, unit)


@pytest.fixture
def send(officer):
    """Fill in the form and send it; name only what is different."""

    def post(**changes):
        given = {
            "purpose": "civil-service",
            "name": "王小明",
            "code": PERSON,
            "item": ["administrative-penalty"],
            "first": shanghai_date(timezone.now()).isoformat(),
            "last": (shanghai_date(timezone.now()) + timedelta(days=9)).isoformat(),
            "max_uses": "1",
            "document_no": "授权书〔2026〕12号",
            "file": SimpleUploadedFile("授权书.png", SCAN),
            **changes,
        }
        return officer.post("/c/consents/new", {name: value for name, value in given.items() if value is not None})

    return post


def decide(browser, own, **changes):
    shown = re.search(r'name="shown" value="(\w+)"', browser.get(own).content.decode())
    return browser.post(f"{own}/review", {"shown": shown and shown[1], "decision": "approve", **changes})


def test_from_the_form_to_the_confirmation_and_the_end(officer, approver, send):
    assert "评优评先" in officer.get("/c/consents/new").content.decode()
    form = officer.get("/c/consents/new?purpose=civil-service").content.decode()
    for shown in ("公务员录用、调任", "行政处罚", "公民身份号码", "扫描件"):
        assert shown in form
    told = send()
    assert told.status_code == 303
    own = told["Location"]
    page = officer.get(own).content.decode()
    for shown in ("待复核", "王小明", f"{PERSON[0]}{'*' * 16}{PERSON[-1]}", "授权书〔2026〕12号", "ren某"):
        assert shown in page
    assert "复核通过</button>" not in page
    assert PERSON not in page
    assert Consent.objects.get().number in approver.get("/c/consents").content.decode()
    scan = approver.get(f"{own}/scan")
    assert (scan.status_code, scan["Content-Type"], scan.content) == (200, "image/png", SCAN)
    assert scan["Content-Disposition"].startswith("attachment")
    assert scan["Cache-Control"] == "no-store"
    assert decide(approver, own).status_code == 303
    assert "生效中" in officer.get(own).content.decode()
    assert "登记撤回" in officer.get(f"{own}?end=1").content.decode()
    assert officer.post(f"{own}/end", {"how": "本人来函"}).status_code == 303
    assert Consent.objects.get().state == "revoked"
    assert "已撤回" in officer.get("/c/consents?show=ended").content.decode()


def test_a_refusal_keeps_what_was_typed_and_says_why(send):
    told = send(document_no=" ", digest="ab")
    text = told.content.decode()
    assert told.status_code == 422
    for shown in ("授权书文号", "王小明", 'value="ab"'):
        assert shown in text
    assert not Consent.objects.exists()


def test_a_scan_that_is_too_large_is_not_taken_in_and_that_is_on_the_record(send, audited, world):
    told = send(file=SimpleUploadedFile("大.pdf", b"%PDF-" + bytes(MOST_BYTES)))
    assert told.status_code == 422
    assert audited(action="consent.paper_register")[-1]["code"] == "channel.file_too_large"
    assert not Consent.objects.exists()
    assert not list((world.desk.settings.home / "work").rglob("*.upload"))


@pytest.mark.parametrize("changes", [{"first": "x"}, {"last": ""}, {"max_uses": "-1"}, {"max_uses": "٣"}, {"item": []}])
def test_what_cannot_be_read_is_refused(changes, send):
    assert send(**changes).status_code == 422


def test_a_form_without_its_token_is_refused(officer):
    strict = Client(headers={"host": "127.0.0.1"}, enforce_csrf_checks=True)
    strict.cookies = officer.cookies
    assert strict.post("/c/consents/new", {"name": "x"}).status_code == 403


def test_confirming_asks_for_a_fresh_factor(enter, unit, send):
    own = send()["Location"]
    old = enter("shen", Role.QUERY_APPROVER, unit, factor=timezone.now() - timedelta(minutes=6))
    told = decide(old, own)
    assert (told.status_code, "再次验证" in told.content.decode()) == (403, True)
    assert Consent.objects.get().state == "asked"


@pytest.mark.parametrize("way", ["", "/scan", "/review", "/end"])
def test_another_units_paper_is_answered_like_an_unknown_one(way, enter, send, world):
    own = send()["Location"]
    role = Role.QUERY_APPROVER if way == "/review" else Role.QUERY_OFFICER
    stranger = enter("wang", role)
    answers = []
    for each in (own, "/c/consents/SQ-0000000000000000"):
        call = stranger.post if way in {"/review", "/end"} else stranger.get
        told = call(f"{each}{way}", {"shown": "x", "decision": "approve", "how": "来函"})
        body = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", told.content.decode())
        answers.append((told.status_code, body.replace(each.rpartition("/")[2], "")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    assert Consent.objects.get().state == "asked"


def test_a_unit_without_such_a_purpose_is_told_so(enter, world):
    page = enter("wang", Role.QUERY_OFFICER).get("/c/consents/new").content.decode()
    assert "公务员录用" not in page


def test_other_posts_do_not_come_in(enter):
    assert enter("hao", Role.REPORTER).get("/c/consents").status_code == 403
    assert enter("chen", Role.QUERY_APPROVER).get("/c/consents/new").status_code == 403
