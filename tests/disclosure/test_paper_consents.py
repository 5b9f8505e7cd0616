"""Consents of natural persons on paper: two people of two posts, judged at use and at download, shut at once when taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.disclosure.conftest import NOW, PERSON
from tests.disclosure.test_scenes import approve, recruiting

from xinshu.disclosure.asking import carry_out, query
from xinshu.disclosure.consents import subject_of, terms_digest
from xinshu.disclosure.domain import Outcome
from xinshu.disclosure.downloads import fetch, make_link
from xinshu.disclosure.models import Consent, PaperConsent
from xinshu.disclosure.paper_consents import Paper, decide_paper, document_of, end_paper, register, scan_of
from xinshu.disclosure.paper_lists import paper_of_unit, papers_of_unit
from xinshu.disclosure.paper_scans import MOST_BYTES
from xinshu.kernel.clock import shanghai_date
from xinshu.kernel.errors import XinshuError
from xinshu.security.crypto import sm3

TODAY = shanghai_date(NOW)
SCAN = b"%PDF-1.7 the paper of somebody\n%%EOF"
OTHER = "9" * 64
PAPER = Paper(
    name="王小明",
    code=PERSON,
    purpose="civil-service",
    items=frozenset({"administrative-penalty", "honor"}),
    first=TODAY,
    last=TODAY + timedelta(days=30),
    max_uses=1,
    document_no="授权书〔2026〕12号",
    scan=SCAN,
)


@pytest.fixture
def confirm(gate, personnel):
    """Confirm (or send back) a paper as its unit's approver, as the page shows it."""

    def decide(number: str, who=None, *, yes: bool = True, shown: str = "", now=NOW, reason: str = "不符"):
        shown = shown or terms_digest(Consent.objects.get(number=number))
        return decide_paper(gate, who or personnel[1], number, approve=yes, shown=shown, reason=reason, now=now)

    return decide


@pytest.fixture
def asked(gate, personnel, make_request):
    """A query about the person that two people approved."""
    number = query(gate, personnel[0], recruiting(make_request), NOW).number
    for each in personnel[1:]:
        approve(gate, each, number)
    return number


def seen(gate, officer, number, at=NOW):
    return carry_out(gate, officer, number, at).result.subjects[0]


def test_a_paper_registered_and_confirmed_opens_what_it_names(gate, personnel, asked, confirm, audited):
    number = register(gate, personnel[0], PAPER, NOW).number
    confirm(number)
    found = seen(gate, personnel[0], asked)
    assert (found.outcome, {fact.item for fact in found.facts}) == (Outcome.DISCLOSED, {"administrative-penalty"})
    assert "严重失信主体名单" in found.withheld
    assert [row["action"] for row in audited() if row["action"].startswith("consent.")] == [
        "consent.paper_register",
        "consent.paper_confirm",
    ]
    assert f'"consent":"{number}"' in audited(action="disclosure.query")[-1]["detail"]
    assert Consent.objects.get().state == "used_up"


def test_until_it_is_confirmed_it_opens_nothing(gate, personnel, asked, audited):
    register(gate, personnel[0], PAPER, NOW)
    assert seen(gate, personnel[0], asked).outcome is Outcome.UNAUTHORISED
    assert audited(action="disclosure.query")[-1]["code"] == "disclosure.consent_not_in_force"


def test_sent_back_it_opens_nothing_and_may_be_registered_anew(gate, personnel, asked, confirm):
    number = register(gate, personnel[0], PAPER, NOW).number
    confirm(number, yes=False)
    assert paper_of_unit(gate, personnel[0], number, NOW).state == "已退回"
    assert seen(gate, personnel[0], asked).outcome is Outcome.UNAUTHORISED
    again = register(gate, personnel[0], PAPER, NOW).number
    assert confirm(again).state == "given"


def test_taken_back_it_is_shut_for_the_next_query_and_the_next_download(gate, personnel, asked, confirm):
    number = register(gate, personnel[0], replace(PAPER, max_uses=3), NOW).number
    confirm(number)
    seen(gate, personnel[0], asked)
    token = make_link(gate, personnel[0], asked, "pdf", NOW)
    end_paper(personnel[0], number, "本人来函", NOW)
    with pytest.raises(XinshuError) as refused:
        fetch(gate, personnel[0], token, NOW)
    assert refused.value.code == "disclosure.grounds_gone"
    assert paper_of_unit(gate, personnel[1], number, NOW).state == "已撤回"


@pytest.mark.parametrize(("moment", "outcome"), [(-1, Outcome.DISCLOSED), (0, Outcome.UNAUTHORISED)])
def test_it_holds_to_the_end_of_its_last_day(moment, outcome, gate, personnel, asked, confirm):
    number = register(gate, personnel[0], replace(PAPER, last=TODAY + timedelta(days=2)), NOW).number
    confirm(number)
    end = Consent.objects.get().valid_to
    assert shanghai_date(end - timedelta(seconds=1)) == TODAY + timedelta(days=2)
    assert seen(gate, personnel[0], asked, end + timedelta(seconds=moment)).outcome is outcome


def test_nothing_of_the_person_or_the_paper_lies_in_the_clear(gate, personnel, world):
    consent = register(gate, personnel[0], PAPER, NOW)
    row = PaperConsent.objects.get()
    assert (subject_of(gate, consent).code, document_of(gate, row)) == (PERSON, PAPER.document_no)
    stored = f"{vars(row)} {vars(Consent.objects.get())}"
    file = next((world.desk.settings.home / "papers").glob("*.sealed")).read_bytes()
    assert PERSON not in stored
    assert "王小明" not in stored
    assert PAPER.document_no.encode() not in bytes(row.sealed)
    assert b"somebody" not in file
    assert row.digest == sm3(SCAN).hex()


def test_the_scan_is_shown_to_both_posts_and_that_is_on_the_record(gate, personnel, audited):
    number = register(gate, personnel[0], PAPER, NOW).number
    for each in personnel[:2]:
        assert scan_of(gate, each, number, NOW) == (f"{number}.pdf", "application/pdf", SCAN)
    assert [row["actor"] for row in audited(action="consent.paper_view", outcome="done")] == ["u-ren", "u-shen"]


def test_a_scan_the_unit_keeps_is_known_by_its_digest(gate, personnel, confirm):
    number = register(gate, personnel[0], replace(PAPER, scan=b"", digest=OTHER.upper()), NOW).number
    assert confirm(number).state == "given"
    line = paper_of_unit(gate, personnel[1], number, NOW)
    assert (line.paper.scan, line.paper.digest) == (False, OTHER)
    with pytest.raises(XinshuError) as refused:
        scan_of(gate, personnel[1], number, NOW)
    assert refused.value.code == "disclosure.file_expired"


def test_the_lists_are_the_units_own_and_mask_the_number(gate, personnel, officer, confirm):
    number = register(gate, personnel[0], PAPER, NOW).number
    (line,) = papers_of_unit(gate, personnel[1], NOW)
    assert (line.name, line.code, line.state) == ("王小明", f"{PERSON[0]}{'*' * 16}{PERSON[-1]}", "待复核")
    assert line.may_decide
    assert not papers_of_unit(gate, personnel[0], NOW)[0].may_decide
    assert papers_of_unit(gate, officer, NOW) == []
    confirm(number)
    assert papers_of_unit(gate, personnel[1], NOW)[0].open


# What is refused on the way in: a change of the paper, and the code of the refusal.
WRONG = {
    "no such number": ({"code": f"{PERSON[:-1]}A"}, "disclosure.subject_invalid"),
    "no name": ({"name": " "}, "disclosure.registration_incomplete"),
    "no document number": ({"document_no": ""}, "disclosure.registration_incomplete"),
    "nothing chosen": ({"items": frozenset()}, "disclosure.consent_terms"),
    "what needs no consent": ({"items": frozenset({"enterprise-registration"})}, "disclosure.consent_terms"),
    "what needs no consent beside what does": (
        {"items": frozenset({"honor", "enterprise-registration"})},
        "disclosure.consent_terms",
    ),
    "over": ({"first": TODAY - timedelta(days=9), "last": TODAY - timedelta(days=1)}, "disclosure.consent_terms"),
    "too long": ({"last": TODAY + timedelta(days=366)}, "disclosure.consent_terms"),
    "ends before it begins": (
        {"first": TODAY + timedelta(days=9), "last": TODAY + timedelta(days=7)},
        "disclosure.consent_terms",
    ),
    "never": ({"max_uses": 0}, "disclosure.consent_terms"),
    "a program": ({"scan": b"MZ\x90"}, "disclosure.paper_invalid"),
    "a page": ({"scan": b"<html>%PDF-1.7"}, "disclosure.paper_invalid"),
    "too large": ({"scan": b"%PDF-" + bytes(MOST_BYTES)}, "disclosure.paper_invalid"),
    "neither scan nor digest": ({"scan": b""}, "disclosure.paper_invalid"),
    "half a digest": ({"scan": b"", "digest": "ab" * 16}, "disclosure.paper_invalid"),
    "another digest": ({"digest": OTHER}, "disclosure.paper_invalid"),
    "another unit's purpose": ({"purpose": "financing"}, "disclosure.purpose_not_listed"),
    "no such purpose": ({"purpose": "x"}, "disclosure.purpose_unknown"),
    "a purpose about firms": ({"purpose": "fiscal-funds"}, "disclosure.subject_kind"),
}


@pytest.mark.parametrize(("changes", "code"), WRONG.values(), ids=WRONG)
def test_a_paper_that_cannot_be_is_refused_and_on_the_record(changes, code, gate, personnel, world, audited):
    with pytest.raises(XinshuError) as refused:
        register(gate, personnel[0], replace(PAPER, **changes), NOW)
    assert refused.value.code == code
    assert [(row["action"], row["code"]) for row in audited()] == [("consent.paper_register", code)]
    assert not Consent.objects.exists()
    assert not list((world.desk.settings.home / "papers").glob("*"))


def registered_twice(gate, personnel, number, confirm):
    register(gate, personnel[0], replace(PAPER, document_no="另一号"), NOW)


def registered_by_an_approver(gate, personnel, number, confirm):
    register(gate, personnel[1], replace(PAPER, scan=SCAN + b"2"), NOW)


def confirmed_by_who_registered(gate, personnel, number, confirm):
    confirm(number, replace(personnel[1], person=personnel[0].person))


def confirmed_by_the_same_account(gate, personnel, number, confirm):
    confirm(number, replace(personnel[1], id=personnel[0].id))


def confirmed_by_an_officer(gate, personnel, number, confirm):
    confirm(number, replace(personnel[0], id="u-x", person="p-x"))


def confirmed_by_another_unit(gate, personnel, number, confirm):
    confirm(number, replace(personnel[1], unit="91990102MA000901X8"))


def confirmed_without_a_fresh_factor(gate, personnel, number, confirm):
    confirm(number, replace(personnel[1], second_factor_at=NOW - timedelta(minutes=5, seconds=1)))


def confirmed_twice(gate, personnel, number, confirm):
    confirm(number)
    confirm(number, personnel[2])


def confirmed_with_other_terms(gate, personnel, number, confirm):
    shown = terms_digest(Consent.objects.get())
    Consent.objects.update(max_uses=99)
    confirm(number, shown=shown)


def confirmed_after_its_last_day(gate, personnel, number, confirm):
    late = NOW + timedelta(days=40)
    confirm(number, replace(personnel[1], second_factor_at=late), now=late)


def another_paper_put_in_its_place(gate, personnel, number, confirm):
    PaperConsent.objects.update(digest=OTHER)
    confirm(number)


def sent_back_without_a_word(gate, personnel, number, confirm):
    confirm(number, yes=False, reason=" ")


def an_unknown_number(gate, personnel, number, confirm):
    end_paper(personnel[0], "SQ-0000000000000000", "来函", NOW)


def ended_by_another_unit(gate, personnel, number, confirm):
    end_paper(replace(personnel[0], unit="91990102MA000901X8"), number, "来函", NOW)


def ended_twice(gate, personnel, number, confirm):
    end_paper(personnel[0], number, "来函", NOW)
    end_paper(personnel[1], number, "来函", NOW)


def ended_without_a_word(gate, personnel, number, confirm):
    end_paper(personnel[0], number, "", NOW)


def looked_at_by_another_unit(gate, personnel, number, confirm):
    scan_of(gate, replace(personnel[0], unit="91990102MA000901X8"), number, NOW)


def the_page_of_another_unit(gate, personnel, number, confirm):
    paper_of_unit(gate, replace(personnel[0], unit="91990102MA000901X8"), number, NOW)


CASES = [
    (registered_twice, "disclosure.paper_reused"),
    (registered_by_an_approver, "disclosure.not_allowed"),
    (confirmed_by_who_registered, "disclosure.paper_same_person"),
    (confirmed_by_the_same_account, "disclosure.paper_same_person"),
    (confirmed_by_an_officer, "disclosure.not_allowed"),
    (confirmed_by_another_unit, "disclosure.no_consent"),
    (confirmed_without_a_fresh_factor, "policy.step_up_required"),
    (confirmed_twice, "disclosure.consent_state"),
    (confirmed_with_other_terms, "disclosure.consent_terms"),
    (confirmed_after_its_last_day, "disclosure.consent_terms"),
    (another_paper_put_in_its_place, "disclosure.consent_forged"),
    (sent_back_without_a_word, "disclosure.registration_incomplete"),
    (an_unknown_number, "disclosure.no_consent"),
    (ended_by_another_unit, "disclosure.no_consent"),
    (ended_twice, "disclosure.consent_state"),
    (ended_without_a_word, "disclosure.registration_incomplete"),
    (looked_at_by_another_unit, "disclosure.no_consent"),
    (the_page_of_another_unit, "disclosure.no_consent"),
]


@pytest.mark.parametrize(("case", "code"), [pytest.param(*each, id=each[0].__name__) for each in CASES])
def test_nobody_else_and_no_step_out_of_order(case, code, gate, personnel, confirm, audited):
    number = register(gate, personnel[0], PAPER, NOW).number
    with pytest.raises(XinshuError) as refused:
        case(gate, personnel, number, confirm)
    assert refused.value.code == code
    assert (audited()[-1]["code"], audited()[-1]["outcome"]) == (code, "refused")
    assert not Consent.objects.filter(state="given").exclude(paper__decided_by="u-shen").exists()


def test_terms_changed_in_the_table_after_the_confirmation_open_nothing(gate, personnel, asked, confirm, audited):
    confirm(register(gate, personnel[0], PAPER, NOW).number)
    Consent.objects.update(max_uses=99)
    assert seen(gate, personnel[0], asked).outcome is Outcome.UNAUTHORISED
    assert audited(action="disclosure.query")[-1]["code"] == "disclosure.consent_forged"
