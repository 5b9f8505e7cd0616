"""Consents: their life, every way a use can be wrong, the race for the last use, mixed batches."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connections
from tests.disclosure.conftest import NOW

from xinshu.disclosure.asking import query
from xinshu.disclosure.batches import run_batch
from xinshu.disclosure.consents import give, narrow, pause, renew, resume, revoke
from xinshu.disclosure.domain import Outcome
from xinshu.disclosure.errors import ConsentState as WrongState
from xinshu.disclosure.errors import ConsentTerms
from xinshu.disclosure.models import Consent, ConsentEvent, Ticket
from xinshu.disclosure.registration import read_fields
from xinshu.disclosure.results import open_result
from xinshu.disclosure.review import decide_query

PLATFORM = "91990102MA000901X8"


@pytest.fixture
def use(gate, banker, financing, audited):
    """Ask as the bank (or somebody else) at a moment; the outcome and the code on the record."""

    def ask(*numbers, at=NOW, actor=None, **changes):
        answer = query(gate, actor or banker, financing(*numbers, **changes), at)
        (subject,) = answer.result.subjects
        return subject.outcome, audited(action="disclosure.query")[-1]["code"]

    return ask


def test_with_consent_the_bank_sees_what_was_consented(use, make_consent, audited):
    consent = make_consent()
    assert use() == (Outcome.DISCLOSED, "")
    assert Consent.objects.get().used == 1
    assert consent.number in audited(action="disclosure.query")[-1]["detail"]


def test_without_consent_the_answer_does_not_tell_whether_the_subject_is_known(gate, banker, financing, audited):
    known = query(gate, banker, financing(1), NOW).result.subjects[0]
    unknown = query(gate, banker, financing(9), NOW).result.subjects[0]
    assert replace(known, code="") == replace(unknown, code="")
    assert known.outcome is Outcome.UNAUTHORISED
    assert {row["code"] for row in audited(action="disclosure.query")} == {"disclosure.no_consent"}


def forged(gate, consent, banker):
    Consent.objects.update(max_uses=1000)


def altered_fields(gate, consent, banker):
    Consent.objects.update(fields="administrative-penalty.CF_WSH")


def signature_of_another(gate, consent, banker):
    Consent.objects.update(signature=consent.signature[:-8] + "AAAAAAA=")


def moved_to_another_grantee(gate, consent, banker):
    Consent.objects.update(grantee="91990102MA000901X8")


def revoked(gate, consent, banker):
    revoke(banker, consent.number, NOW)


def paused(gate, consent, banker):
    pause(banker, consent.number, NOW)


def used_up(gate, consent, banker):
    Consent.objects.update(used=10)


def used_today(gate, consent, banker):
    Consent.objects.update(used=3, used_on=NOW.date(), used_today=10)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(forged, "disclosure.consent_forged", id="forged"),
        pytest.param(altered_fields, "disclosure.consent_forged", id="altered"),
        pytest.param(signature_of_another, "disclosure.consent_forged", id="signature"),
        pytest.param(moved_to_another_grantee, "disclosure.no_consent", id="other grantee"),
        pytest.param(revoked, "disclosure.consent_revoked", id="revoked"),
        pytest.param(paused, "disclosure.consent_not_in_force", id="paused"),
        pytest.param(used_up, "disclosure.consent_used_up", id="use n+1"),
        pytest.param(used_today, "disclosure.consent_daily", id="day n+1"),
    ],
)
def test_a_consent_that_does_not_hold_opens_nothing(change, code, gate, use, make_consent, banker):
    consent = make_consent()
    change(gate, consent, banker)
    assert use() == (Outcome.UNAUTHORISED, code)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(-1, (Outcome.UNAUTHORISED, "disclosure.consent_not_yet"), id="a second before"),
        pytest.param(0, (Outcome.DISCLOSED, ""), id="at once"),
        pytest.param(3599, (Outcome.DISCLOSED, ""), id="the last second"),
        pytest.param(3600, (Outcome.UNAUTHORISED, "disclosure.consent_expired"), id="at the end"),
        pytest.param(3601, (Outcome.UNAUTHORISED, "disclosure.consent_expired"), id="a second after"),
    ],
)
def test_a_consent_holds_from_its_first_to_its_last_instant(seconds, expected, use, make_consent):
    make_consent(valid_from=NOW, valid_to=NOW + timedelta(hours=1))
    assert use(at=NOW + timedelta(seconds=seconds)) == expected


def test_platform_bank_and_purpose_are_told_apart(use, make_consent):
    make_consent()
    assert use(platform=PLATFORM) == (Outcome.UNAUTHORISED, "disclosure.consent_other")
    make_consent(platform=PLATFORM)
    assert use(platform=PLATFORM)[0] is Outcome.DISCLOSED


def test_a_query_that_names_more_than_was_consented_is_refused(gate, use, make_consent):
    few = (("tax-arrears", "QSYE"), ("administrative-penalty", "CF_WSH"))
    make_consent(fields=few)
    assert use(fields=few)[0] is Outcome.DISCLOSED
    assert use(fields=(*few, ("tax-arrears", "QSSZ"))) == (Outcome.UNAUTHORISED, "disclosure.consent_scope")


def test_without_named_fields_the_result_is_cut_to_the_consent(gate, banker, financing, make_consent):
    make_consent(fields=(("administrative-penalty", "CF_WSH"),))
    (subject,) = query(gate, banker, financing(), NOW).result.subjects
    assert [[cell.code for cell in fact.cells] for fact in subject.facts] == [["CF_WSH"]]
    assert "欠税信息" in subject.withheld


def test_the_life_of_a_consent(gate, banker, make_consent, use, audited):
    consent = make_consent(given=False)
    assert use() == (Outcome.UNAUTHORISED, "disclosure.consent_not_in_force")
    give(gate, banker, consent.number, NOW)
    with pytest.raises(WrongState):
        give(gate, banker, consent.number, NOW)
    pause(banker, consent.number, NOW)
    resume(banker, consent.number, NOW)
    assert use()[0] is Outcome.DISCLOSED
    narrow(gate, banker, consent.number, read_fields(consent.fields)[:3], NOW)
    with pytest.raises(ConsentTerms):
        narrow(gate, banker, consent.number, read_fields(consent.fields), NOW)
    Consent.objects.update(used=10, state="used_up")
    renew(gate, banker, consent.number, NOW + timedelta(days=400), 20, NOW)
    assert use()[0] is Outcome.DISCLOSED
    revoke(banker, consent.number, NOW)
    for step in (lambda: resume(banker, consent.number, NOW), lambda: revoke(banker, consent.number, NOW)):
        with pytest.raises(WrongState):
            step()
    steps = list(ConsentEvent.objects.order_by("id").values_list("step", flat=True))
    assert steps == ["asked", "given", "paused", "resumed", "narrowed", "renewed", "revoked"]
    actions = [row["action"] for row in audited() if row["action"].startswith("consent.")]
    assert actions == ["consent.ask", "consent.give", *["consent.change"] * 4, "consent.revoke"]
    assert {row["trace"] for row in audited() if row["action"].startswith("consent.")} == {consent.trace}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"fields": ()}, id="no fields"),
        pytest.param({"fields": (("administrative-penalty", "BZ"),)}, id="shut field"),
        pytest.param({"valid_to": NOW - timedelta(days=2)}, id="ends before it begins"),
        pytest.param({"max_uses": 0}, id="no use"),
        pytest.param({"per_day": 11}, id="more a day than in all"),
    ],
)
def test_terms_a_consent_cannot_have(changes, make_consent):
    with pytest.raises(ConsentTerms):
        make_consent(**changes)


def together(count, work):
    """Call `work(n)` in that many threads, all at once, each on a connection of its own."""
    barrier = Barrier(count)

    def run(number):
        try:
            barrier.wait()
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_sixteen_threads_race_for_the_last_use_and_one_wins(gate, banker, financing, make_consent):
    make_consent(max_uses=1, per_day=1)

    def work(number):
        return query(gate, banker, financing(), NOW + timedelta(milliseconds=number)).result.subjects[0].outcome

    outcomes = together(16, work)
    assert outcomes.count(Outcome.DISCLOSED) == 1
    assert outcomes.count(Outcome.UNAUTHORISED) == 15
    assert Consent.objects.get().used == 1


@pytest.mark.parametrize(
    "consenting",
    [
        pytest.param((1,), id="first only"),
        pytest.param((3,), id="last only"),
        pytest.param((1, 3), id="odd"),
        pytest.param((), id="none"),
        pytest.param((1, 2, 3), id="all"),
    ],
)
def test_a_mixed_batch_discloses_the_consented_only(
    consenting, gate, banker, make_actor, financing, make_consent, audited, world
):
    from xinshu.security.domain import Role

    for number in consenting:
        make_consent(number)
    number = query(gate, banker, financing(1, 2, 3, 9), NOW).number
    ticket = Ticket.objects.get(number=number)
    other = make_actor("bo", unit=banker.unit, roles=frozenset({Role.QUERY_APPROVER}))
    counts = {"field_count": ticket.field_count, "subject_count": 4}
    decide_query(gate, other, number, approve=True, reason="", now=NOW, **counts)
    run_batch(gate, ticket.id, NOW)
    result = open_result(gate, ticket.id)
    open_ones = {each.code for each in result.disclosed()}
    assert open_ones == {world.company(each) for each in consenting}
    rest = {replace(each, code="") for each in result.subjects if each.code not in open_ones}
    assert len(rest) == 1  # the unknown subject reads like those without consent
    refused = audited(action="disclosure.batch_query", outcome="refused")
    assert len(refused) == 4 - len(consenting)
    assert {row["code"] for row in refused} == {"disclosure.no_consent"}
    ticket.refresh_from_db()
    assert (ticket.disclosed, ticket.unauthorised) == (len(consenting), 4 - len(consenting))
