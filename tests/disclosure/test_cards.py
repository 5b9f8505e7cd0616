"""Cards in frames of other systems: single use, minutes long, for the system's own pages, under a registered query."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from tests.disclosure.conftest import BANK, NOW
from tests.disclosure.test_interface import bank, bank_key, body, client, interface, lasting, post  # noqa: F401

from xinshu.disclosure.asking import query
from xinshu.disclosure.cards import LIFE, card_of, framers_of, origins_of, register_card, show_card
from xinshu.disclosure.machines import close_system, machine_actor, register_system
from xinshu.disclosure.models import Card, Consent, Copy, Ticket, TicketSubject
from xinshu.disclosure.review import decide_query
from xinshu.disclosure.trail import SYSTEM, trail
from xinshu.kernel.errors import XinshuError
from xinshu.security.domain import Actor
from xinshu.security.services import create_api_key

OA = "https://oa.example.org"
VIEWER = "张某 1001"
STRANGER = Actor(id="", name="", roles=frozenset(), unit="", region="", person="", address="198.51.100.4")


@pytest.fixture
def system(gate, world):
    """The approval system of the world's unit, its pages under one address; its key."""
    key = create_api_key(world.source, label="审批系统", now=NOW).key
    register_system(key.id, world.source, title="审批系统", origins=OA, now=NOW)
    return key


@pytest.fixture
def program(system) -> Actor:
    return machine_actor(system, "192.0.2.9", NOW)


@pytest.fixture
def link(gate, program, make_request) -> str:
    return register_card(gate, program, make_request(), VIEWER, NOW).token


def show(gate, token, *, framer=OA, at=NOW):
    return show_card(gate, token, STRANGER, framer, at)


def test_a_card_shows_what_the_purpose_opens_and_leads_back_to_its_viewer(gate, link, audited):
    shown = show(gate, link)
    (subject,) = shown.result.subjects
    opened = {
        (item, column) for item, column in gate.default_fields(gate.purpose("administrative-approval", NOW.date()))
    }
    assert {fact.title for fact in subject.facts} >= {"行政处罚"}
    assert {(fact.item, cell.code) for fact in subject.facts for cell in fact.cells} <= opened
    assert shown.viewer == f"审批系统（{VIEWER}）"
    (row,) = audited(action="disclosure.query", outcome="done")
    assert (row["ticket"], row["purpose"]) == (shown.ticket.number, "administrative-approval")
    steps = trail(replace(STRANGER, id=SYSTEM), shown.mark, NOW).steps
    assert [each.what for each in steps] == ["registered", "disclosed", "fetched"]
    assert VIEWER in steps[-1].text
    assert Copy.objects.get().address == STRANGER.address


def no_such_link(gate, link):
    show(gate, "A" * 43)


def twice(gate, link):
    show(gate, link)
    show(gate, link)


def expired_by_a_second(gate, link):
    show(gate, link, at=NOW + LIFE + timedelta(seconds=1))


def at_its_last_instant(gate, link):
    show(gate, link, at=NOW + LIFE)


def framed_by_another_page(gate, link):
    show(gate, link, framer="https://evil.example.net")


def framed_by_a_longer_address(gate, link):
    show(gate, link, framer=f"{OA}.evil.example.net")


def framed_by_the_same_host_in_the_clear(gate, link):
    show(gate, link, framer="http://oa.example.org")


def opened_by_itself(gate, link):
    show(gate, link, framer="")


def system_shut_out(gate, link):
    close_system(Card.objects.get().system.code)
    show(gate, link)


def other_subject(gate, link):
    """The row of another query's subject put in place: its sealed cell is bound to its own query."""
    other = TicketSubject.objects.exclude(ticket=Card.objects.get().ticket).get()
    TicketSubject.objects.filter(ticket=Card.objects.get().ticket).update(ref=other.ref, sealed=other.sealed)
    show(gate, link)


def other_subject_under_the_old_reference(gate, link):
    other = TicketSubject.objects.exclude(ticket=Card.objects.get().ticket).get()
    TicketSubject.objects.filter(ticket=Card.objects.get().ticket).update(sealed=other.sealed)
    show(gate, link)


def other_purpose(gate, link):
    Ticket.objects.filter(id=Card.objects.get().ticket_id).update(purpose="fiscal-funds")
    show(gate, link)


def more_fields(gate, link):
    Ticket.objects.filter(id=Card.objects.get().ticket_id).update(fields="administrative-penalty.CF_FR_ZJHM")
    show(gate, link)


CASES = [
    (no_such_link, "disclosure.link_unknown"),
    (twice, "disclosure.link_unknown"),
    (expired_by_a_second, "disclosure.link_unknown"),
    (at_its_last_instant, "disclosure.link_unknown"),
    (framed_by_another_page, "disclosure.card_shut"),
    (framed_by_a_longer_address, "disclosure.card_shut"),
    (framed_by_the_same_host_in_the_clear, "disclosure.card_shut"),
    (opened_by_itself, "disclosure.card_shut"),
    (system_shut_out, "disclosure.link_unknown"),
    (other_subject, "disclosure.edited_after_approval"),
    (other_subject_under_the_old_reference, "security.seal_broken"),
    (other_purpose, "disclosure.edited_after_approval"),
    (more_fields, "disclosure.edited_after_approval"),
]


@pytest.mark.parametrize(("case", "code"), [pytest.param(case, code, id=case.__name__) for case, code in CASES])
def test_a_card_is_refused_with_its_code_on_the_record(case, code, gate, officer, make_request, link, audited):
    query(gate, officer, make_request(2), NOW)  # the other subject
    before = len(audited(action="disclosure.query", outcome="done"))
    with pytest.raises(XinshuError) as refused:
        case(gate, link)
    assert refused.value.code == code
    assert audited()[-1]["code"] == code
    shown = len(audited(action="disclosure.query", outcome="done")) - before
    assert shown == (1 if case is twice else 0)
    assert Copy.objects.count() == shown


def test_a_card_holds_until_its_last_second(gate, link):
    assert show(gate, link, at=NOW + LIFE - timedelta(seconds=1)).result.subjects


@pytest.mark.parametrize("case", [framed_by_another_page, opened_by_itself, more_fields])
def test_a_refusal_uses_the_card_up(case, gate, link):
    with pytest.raises(XinshuError):
        case(gate, link)
    Ticket.objects.update(fields="")
    with pytest.raises(XinshuError) as refused:
        show(gate, link)
    assert refused.value.code == "disclosure.link_unknown"


def test_a_consent_withdrawn_since_shows_nothing(gate, world, make_consent, financing):
    make_consent()
    key = create_api_key(BANK, label="信贷系统", now=NOW).key
    register_system(key.id, BANK, title="信贷系统", origins=OA, now=NOW)
    token = register_card(gate, machine_actor(key, "", NOW), financing(), VIEWER, NOW).token
    Consent.objects.update(state="revoked")
    (subject,) = show(gate, token).result.subjects
    assert (subject.outcome.value, subject.facts) == ("unauthorised", ())


@pytest.mark.parametrize(
    ("changes", "viewer", "code"),
    [
        pytest.param({}, " ", "disclosure.registration_incomplete", id="nobody looks"),
        pytest.param({}, "张\n某", "disclosure.registration_incomplete", id="line break"),
        pytest.param({}, "张" * 61, "disclosure.registration_incomplete", id="long"),
        pytest.param({"purpose": "financing"}, VIEWER, "disclosure.purpose_not_listed", id="purpose"),
        pytest.param({"matter_no": ""}, VIEWER, "disclosure.registration_incomplete", id="no matter"),
    ],
)
def test_no_link_for_a_query_that_may_not_be(changes, viewer, code, gate, program, make_request, audited):
    with pytest.raises(XinshuError) as refused:
        register_card(gate, program, make_request(**changes), viewer, NOW)
    assert refused.value.code == code
    assert audited()[-1]["code"] == code
    assert (Card.objects.count(), Ticket.objects.count()) == (0, 0)


def test_no_card_of_a_batch_or_without_addresses(gate, program, system, world, make_request):
    for asked, origins in ((make_request(1, 2), OA), (make_request(1), "")):
        register_system(system.id, world.source, title="审批系统", origins=origins, now=NOW)
        with pytest.raises(XinshuError) as refused:
            register_card(gate, program, asked, VIEWER, NOW)
        assert refused.value.code == "disclosure.card_shut"
    assert Card.objects.count() == 0


def test_a_reviewed_query_has_its_card_after_the_approval_only(gate, program, approver, make_request):
    asked = make_request(fields=(("administrative-penalty", "CF_FR_ZJHM"),))
    made = register_card(gate, program, asked, VIEWER, NOW)
    assert (made.state.value, made.token) == ("waiting", "")
    with pytest.raises(XinshuError) as refused:
        card_of(gate, program, made.number, NOW)
    assert refused.value.code == "disclosure.not_approved"
    ticket = Ticket.objects.get()
    counts = {"field_count": ticket.field_count, "subject_count": 1}
    decide_query(gate, approver, made.number, approve=True, reason="", now=NOW, **counts)
    first, second = (card_of(gate, program, made.number, NOW).token for _ in range(2))
    assert show(gate, first).result.subjects
    with pytest.raises(XinshuError) as refused:
        show(gate, second)
    assert refused.value.code == "disclosure.already_decided"


@pytest.mark.parametrize(
    "text",
    [
        "http://oa.example.org",
        "https://oa.example.org/path",
        "https://*.example.org",
        "https://oa.example.org;script-src",
        "https://oa.example.org:99999",
        "javascript:alert(1)",
        "https://甲.example.org",
        "'self'",
        "*",
        "https://user@oa.example.org",
    ],
)
def test_an_address_that_is_no_plain_origin_is_refused(text):
    with pytest.raises(XinshuError) as refused:
        origins_of(text)
    assert refused.value.code == "disclosure.origin_invalid"


def test_addresses_are_kept_in_one_form():
    assert origins_of(f"{OA}  https://OA.example.org http://127.0.0.1:8080") == (OA, "http://127.0.0.1:8080")


@pytest.fixture
def fresh(site, system, program, make_request):
    """A link by the clock of the machine, for the website."""
    return register_card(site, program, make_request(), VIEWER, timezone.now()).token


def browse(token, **headers):
    given = {"host": "127.0.0.1", "sec-fetch-dest": "iframe", "referer": f"{OA}/", **headers}
    return Client(headers=given).get(f"/embed/card/{token}")


def test_the_page_bears_its_watermark_and_may_be_framed_by_the_system_only(fresh):
    told = browse(fresh)
    text, ticket, copy = told.content.decode(), Ticket.objects.get(), Copy.objects.get()
    assert told.status_code == 200
    for shown in ("A市第1纺织有限公司", "A环罚〔2026〕1号", ticket.number, VIEWER, copy.mark, "未核查"):
        assert shown in text
    assert f"frame-ancestors {OA}" in told["Content-Security-Policy"]
    assert "default-src 'none'" in told["Content-Security-Policy"]
    assert (told["Cache-Control"], told["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert "X-Frame-Options" not in told
    assert not told.cookies
    assert "<script" not in text
    again = browse(fresh)
    assert again.status_code == 404
    assert f"frame-ancestors {OA}" in again["Content-Security-Policy"]
    assert "A环罚" not in again.content.decode()


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"referer": "https://evil.example.net/"}, id="another page"),
        pytest.param({"referer": ""}, id="unsaid"),
        pytest.param({"sec-fetch-dest": "document"}, id="by itself"),
        pytest.param({"sec-fetch-dest": "empty"}, id="read by a script"),
    ],
)
def test_the_page_is_shut_to_others_and_the_link_used_up(headers, fresh):
    told = browse(fresh, **headers)
    assert told.status_code == 403
    assert "A市第1纺织" not in told.content.decode()
    assert browse(fresh).status_code == 404


def test_an_unknown_link_may_be_framed_by_nobody(site):
    told = browse("A" * 43)
    assert told.status_code == 404
    assert "frame-ancestors 'none'" in told["Content-Security-Policy"]
    assert framers_of("A" * 43) == ()


def test_a_program_asks_for_a_card(bank_key, body, lasting, gate):  # noqa: F811
    register_system(bank_key.key.id, BANK, title="信贷系统", origins=OA, now=NOW)
    program = client(bank_key)
    told = post(program, "cards", {**body, "viewer": VIEWER}, **{"Idempotency-Key": "c1"})
    found = told.json()
    assert (told.status_code, found["state"], told["Cache-Control"]) == (201, "ready", "no-store")
    assert post(program, "cards", {**body, "viewer": VIEWER}, **{"Idempotency-Key": "c1"}).json() == found
    shown = show_card(gate, found["path"].rpartition("/")[2], STRANGER, OA, timezone.now())
    assert shown.result.subjects[0].outcome.value == "disclosed"
    assert post(program, "cards", body).json()["code"] == "disclosure.registration_incomplete"
    assert post(program, "cards", {"number": found["number"]}).status_code == 409
    assert json.dumps(found).isascii()
