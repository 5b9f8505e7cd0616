"""Each guard of the gate switched off once: the case that is refused because of it is not refused like that any more.

So each guard has a case that turns red without it. A guard that is in no line here fails the last test.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from inspect import signature

import pytest
from tests.disclosure import test_cards as cards
from tests.disclosure import test_consents as consents
from tests.disclosure import test_own_consents as own
from tests.disclosure import test_paper_consents as papers
from tests.disclosure import test_refusals as refusals
from tests.disclosure.conftest import NOW, PERSON
from tests.disclosure.switching import ROOM, guards_of, switch_off
from tests.disclosure.test_cards import link, program, system  # noqa: F401
from tests.disclosure.test_own_consents import asked, firm  # noqa: F401
from tests.disclosure.test_paper_consents import confirm  # noqa: F401
from tests.disclosure.test_refusals import FIELD, scene  # noqa: F401
from tests.guards.naming import named_in

from xinshu.disclosure.asking import carry_out, query
from xinshu.disclosure.cards import card_of, origins_of, register_card
from xinshu.disclosure.consents import Less, consent_of_grantee, give, narrow, renew
from xinshu.disclosure.domain import Asked
from xinshu.disclosure.downloads import confirm_destroyed, fetch, make_link
from xinshu.disclosure.errors import ConsentRefused
from xinshu.disclosure.models import Consent, Copy, System, Ticket
from xinshu.disclosure.paper_consents import register
from xinshu.disclosure.queries import shown_query
from xinshu.disclosure.review import decide_query, edit, withdraw
from xinshu.disclosure.trail import trail
from xinshu.kernel.errors import XinshuError
from xinshu.security.audit.models import Entry
from xinshu.security.domain import Role


@pytest.fixture
def number(asked):  # noqa: F811
    return asked


@pytest.fixture
def done(scene) -> str:  # noqa: F811
    """A query of the officer's that was answered."""
    return query(scene.gate, scene.officer, scene.request(), NOW).number


# What no table has: a case each. It ends in the code beside it while the guard is there.
def a_batch_taken_up_as_a_single_query(scene):  # noqa: F811
    carry_out(scene.gate, scene.officer, scene.approved(1, 2), NOW)


def a_purpose_that_opens_less_since(scene):  # noqa: F811
    number = scene.approved(1, fields=FIELD)
    Ticket.objects.update(approvers=0, fields="tax-arrears.QSYE")
    carry_out(scene.gate, scene.officer, number, NOW)


def no_such_origin():
    origins_of("https://oa.example.org/path")


def nobody_looks(gate, program, make_request):  # noqa: F811
    register_card(gate, program, make_request(), " ", NOW)


def a_card_of_two(gate, program, make_request):  # noqa: F811
    register_card(gate, program, make_request(1, 2), "某", NOW)


def a_card_before_the_approval(gate, program, make_request):  # noqa: F811
    made = register_card(gate, program, make_request(fields=FIELD), "某", NOW)
    card_of(gate, program, made.number, NOW)


def a_card_of_an_answered_query(gate, program, make_request):  # noqa: F811
    card_of(gate, program, query(gate, program, make_request(), NOW).number, NOW)


def a_card_of_an_approved_batch(gate, program, approver, make_request):  # noqa: F811
    number = query(gate, program, make_request(1, 2), NOW).number
    counts = {"field_count": Ticket.objects.get().field_count, "subject_count": 2}
    decide_query(gate, approver, number, approve=True, reason="", now=NOW, **counts)
    card_of(gate, program, number, NOW)


def a_card_of_a_system_without_addresses(gate, program, make_request):  # noqa: F811
    System.objects.update(origins="")
    register_card(gate, program, make_request(), "某", NOW)


def a_consent_to_shut_fields(make_consent):
    make_consent(fields=(("administrative-penalty", "BZ"),))


def a_consent_without_uses(make_consent):
    make_consent(max_uses=0)


def other_terms_than_were_read(gate, firm, asked):  # noqa: F811
    give(gate, firm(), asked, NOW, evidence="ab" * 32, shown="x")


def a_consent_without_evidence(gate, firm, asked):  # noqa: F811
    give(gate, firm(), asked, NOW)


def a_consent_to_nothing(gate, firm, asked):  # noqa: F811
    give(gate, firm(), asked, NOW, evidence="ab" * 32, less=Less(items=frozenset()))


def a_consent_for_longer(gate, firm, asked):  # noqa: F811
    give(gate, firm(), asked, NOW, evidence="ab" * 32, less=Less(until=NOW + timedelta(days=400)))


def a_consent_made_wider(gate, banker, make_consent):
    given = make_consent(fields=FIELD_OF_TAX)
    narrow(gate, banker, given.number, (*FIELD_OF_TAX, ("tax-arrears", "QSSZ")), NOW)


def a_consent_renewed_into_the_past(gate, banker, make_consent):
    renew(gate, banker, make_consent().number, NOW - timedelta(days=9), 20, NOW)


def an_unknown_consent_changed(banker, gate):
    renew(gate, banker, "SQ-0", NOW + timedelta(days=9), 20, NOW)


def a_consent_to_another_unit_looked_at(officer, make_consent):
    consent_of_grantee(officer, make_consent().number, NOW)


FIELD_OF_TAX = (("tax-arrears", "QSYE"),)


def _judged(gate, banker, financing, at=NOW, **changes):
    """The bank asks and is refused, or not; the code on the record as an error."""
    query(gate, banker, financing(**changes), at)
    code = Entry.objects.order_by("-id").first().code
    if code:
        raise next(each for each in _all(ConsentRefused) if each.code == code)


def _all(kind):
    return [kind, *(found for each in kind.__subclasses__() for found in _all(each))]


def another_platforms_consent(gate, banker, financing, make_consent):
    make_consent()
    _judged(gate, banker, financing, platform=consents.PLATFORM)


def a_revoked_consent(gate, banker, financing, make_consent):
    make_consent()
    Consent.objects.update(state="revoked")
    _judged(gate, banker, financing)


def a_used_up_consent(gate, banker, financing, make_consent):
    make_consent()
    Consent.objects.update(state="used_up")
    _judged(gate, banker, financing)


def a_consent_at_its_end(gate, banker, financing, make_consent):
    given = make_consent()
    _judged(gate, banker, financing, at=given.valid_to)


def a_paused_consent(gate, banker, financing, make_consent):
    make_consent()
    Consent.objects.update(state="paused")
    _judged(gate, banker, financing)


def a_consent_before_its_time(gate, banker, financing, make_consent):
    make_consent(valid_from=NOW + timedelta(seconds=1))
    _judged(gate, banker, financing)


def one_use_too_many(gate, banker, financing, make_consent):
    make_consent()
    Consent.objects.update(used=10)
    _judged(gate, banker, financing)


def one_use_too_many_on_a_day(gate, banker, financing, make_consent):
    make_consent()
    Consent.objects.update(used=3, used_on=NOW.date(), used_today=10)
    _judged(gate, banker, financing)


def a_form_there_is_not(scene, done):  # noqa: F811
    make_link(scene.gate, scene.officer, done, "html", NOW)


def a_file_after_its_days(scene, done):  # noqa: F811
    make_link(scene.gate, scene.officer, done, "csv", NOW + timedelta(days=7))


def a_file_of_an_unanswered_query(scene):  # noqa: F811
    number = query(scene.gate, scene.officer, scene.request(fields=FIELD), NOW).number
    make_link(scene.gate, scene.officer, number, "csv", NOW)


def a_fourth_fetch(scene, done):  # noqa: F811
    Ticket.objects.update(fetches=3)
    make_link(scene.gate, scene.officer, done, "csv", NOW)


def a_link_used_twice(scene, done):  # noqa: F811
    token = make_link(scene.gate, scene.officer, done, "csv", NOW)
    for _ in range(2):
        fetch(scene.gate, scene.officer, token, NOW)


def a_fetch_after_the_consent_ended(gate, banker, financing, make_consent):
    make_consent()
    number = query(gate, banker, financing(), NOW).number
    Consent.objects.update(state="revoked")
    fetch(gate, banker, make_link(gate, banker, number, "csv", NOW), NOW)


def destroyed_before_it_was_answered(scene):  # noqa: F811
    number = query(scene.gate, scene.officer, scene.request(fields=FIELD), NOW).number
    confirm_destroyed(scene.gate, scene.officer, number, "删除", NOW)


def the_page_of_anothers_query(scene, done):  # noqa: F811
    shown_query(scene.actor("zhou"), done)


def the_trail_of_another_unit(scene, done):  # noqa: F811
    trail(replace(scene.officer, unit="91990102MA000901X8"), done, NOW)


def the_same_subject_twice(scene):  # noqa: F811
    scene_subject = scene.request().subjects[0]
    query(scene.gate, scene.officer, scene.request(subjects=(scene_subject, scene_subject)), NOW)


def an_endless_basis(scene):  # noqa: F811
    query(scene.gate, scene.officer, scene.request(use="长" * 301), NOW)


def a_period_that_ends_before_it_begins(scene):  # noqa: F811
    day = NOW.date()
    query(scene.gate, scene.officer, scene.request(since=day, until=day - timedelta(days=1)), NOW)


def destroyed_in_ten_years(scene):  # noqa: F811
    query(scene.gate, scene.officer, scene.request(destroy_by=NOW.date() + timedelta(days=3650)), NOW)


def a_unit_nobody_knows(scene):  # noqa: F811
    query(scene.gate, replace(scene.officer, unit="91990102MA000901X8"), scene.request(), NOW)


def an_administrator_who_is_an_officer_too(scene):  # noqa: F811
    both = frozenset({Role.QUERY_OFFICER, Role.SYSTEM_ADMIN})
    query(scene.gate, replace(scene.officer, roles=both), scene.request(), NOW)


def sent_back_without_a_word(scene):  # noqa: F811
    number = query(scene.gate, scene.officer, scene.request(fields=FIELD), NOW).number
    counts = {"field_count": Ticket.objects.get().field_count, "subject_count": 1}
    decide_query(scene.gate, scene.approver, number, approve=False, reason=" ", now=NOW, **counts)


def approved_twice_by_one(scene):  # noqa: F811
    number = query(scene.gate, scene.officer, scene.request(fields=FIELD), NOW).number
    Ticket.objects.update(approvers=2)
    for _ in range(2):
        scene.approve(number)


def edited_after_it_was_answered(scene, done):  # noqa: F811
    day = NOW.date()
    edit(scene.gate, scene.officer, done, NOW, use="", destroy_by=day, matter_no="1", legal_basis="法")


def edited_to_nothing(scene):  # noqa: F811
    number = scene.approved(1, fields=FIELD)
    edit(scene.gate, scene.officer, number, NOW, use="", destroy_by=NOW.date(), matter_no=" ", legal_basis="法")


def withdrawn_after_it_was_answered(scene, done):  # noqa: F811
    withdraw(scene.officer, done, NOW)


def a_firm_of_his_own(scene):  # noqa: F811
    subject = scene.request().subjects[0]
    query(scene.gate, replace(scene.officer, firms=frozenset({subject.code})), scene.request(), NOW)


def a_person_for_firms(scene):  # noqa: F811
    query(scene.gate, scene.officer, scene.request(subjects=(Asked("person", PERSON),)), NOW)


def _wrong(name):
    """A paper that is refused on the way in."""

    def case(gate, personnel):
        register(gate, personnel[0], replace(papers.PAPER, **papers.WRONG[name][0]), NOW)

    return case


def _paper(step):
    """A step of a paper that is registered and waits."""

    def case(gate, personnel, confirm):  # noqa: F811
        step(gate, personnel, register(gate, personnel[0], papers.PAPER, NOW).number, confirm)

    return case


_T, _C, _O = refusals, cards, own
TABLE = [
    ("asking.carry_out NotApproved", _T.before_the_approval, "disclosure.not_approved"),
    ("asking.carry_out AlreadyDecided", a_batch_taken_up_as_a_single_query, "disclosure.already_decided"),
    ("asking.stored_order FieldShut", a_purpose_that_opens_less_since, "disclosure.field_shut"),
    ("cards._origin OriginInvalid", no_such_origin, "disclosure.origin_invalid"),
    ("cards.register_card Incomplete", nobody_looks, "disclosure.registration_incomplete"),
    ("cards.register_card CardShut", a_card_of_two, "disclosure.card_shut"),
    ("cards.card_of NotApproved", a_card_before_the_approval, "disclosure.not_approved"),
    ("cards.card_of AlreadyDecided", a_card_of_an_answered_query, "disclosure.already_decided"),
    ("cards.card_of CardShut", a_card_of_an_approved_batch, "disclosure.card_shut"),
    ("cards.show_card CardShut", _C.framed_by_another_page, "disclosure.card_shut"),
    ("cards._use_up EditedAfterApproval", _C.other_purpose, "disclosure.edited_after_approval"),
    ("cards._use_up LinkUnknown", _C.expired_by_a_second, "disclosure.link_unknown"),
    ("cards._system_of CardShut", a_card_of_a_system_without_addresses, "disclosure.card_shut"),
    ("consents.require_terms ConsentTerms", a_consent_to_shut_fields, "disclosure.consent_terms"),
    ("consents.require_terms ConsentTerms 2", a_consent_without_uses, "disclosure.consent_terms"),
    ("consents.give ConsentTerms", other_terms_than_were_read, "disclosure.consent_terms"),
    ("consents.give ConsentTerms 2", a_consent_without_evidence, "disclosure.consent_terms"),
    ("consents._lessen ConsentTerms", a_consent_to_nothing, "disclosure.consent_terms"),
    ("consents._lessen ConsentTerms 2", a_consent_for_longer, "disclosure.consent_terms"),
    ("consents.narrow ConsentTerms", a_consent_made_wider, "disclosure.consent_terms"),
    ("consents.renew ConsentTerms", a_consent_renewed_into_the_past, "disclosure.consent_terms"),
    ("consents.locked NoConsent", an_unknown_consent_changed, "disclosure.no_consent"),
    ("consents.consent_of_grantee NoConsent", a_consent_to_another_unit_looked_at, "disclosure.no_consent"),
    ("consents.require_state WrongState", _O.given_twice, "disclosure.consent_state"),
    ("consent_terms.judge_terms ConsentOther", another_platforms_consent, "disclosure.consent_other"),
    ("consent_terms.judge_state ConsentRevoked", a_revoked_consent, "disclosure.consent_revoked"),
    ("consent_terms.judge_state ConsentUsedUp", a_used_up_consent, "disclosure.consent_used_up"),
    ("consent_terms.judge_state ConsentExpired", a_consent_at_its_end, "disclosure.consent_expired"),
    ("consent_terms.judge_state ConsentPaused", a_paused_consent, "disclosure.consent_not_in_force"),
    ("consent_terms.judge_state ConsentNotYet", a_consent_before_its_time, "disclosure.consent_not_yet"),
    ("consent_terms.judge_uses ConsentUsedUp", one_use_too_many, "disclosure.consent_used_up"),
    ("consent_terms.judge_uses ConsentDaily", one_use_too_many_on_a_day, "disclosure.consent_daily"),
    ("counting.require_unit UnitLimit", _T.unit_limit_and_one, "disclosure.unit_limit"),
    ("counting.require_person PersonLimit", _T.person_limit_and_one, "disclosure.person_limit"),
    ("downloads.make_link LinkUnknown", a_form_there_is_not, "disclosure.link_unknown"),
    ("downloads.require_fetchable FileExpired", a_file_after_its_days, "disclosure.file_expired"),
    ("downloads.require_fetchable AlreadyDecided", a_file_of_an_unanswered_query, "disclosure.already_decided"),
    ("downloads.require_fetchable FetchesUsedUp", a_fourth_fetch, "disclosure.fetches_used_up"),
    ("downloads.fetch LinkUnknown", a_link_used_twice, "disclosure.link_unknown"),
    ("downloads.require_grounds GroundsGone", a_fetch_after_the_consent_ended, "disclosure.grounds_gone"),
    ("downloads.confirm_destroyed AlreadyDecided", destroyed_before_it_was_answered, "disclosure.already_decided"),
    ("gate.purpose PurposeUnknown", _T.unknown_purpose, "disclosure.purpose_unknown"),
    ("own_consents.take_step WrongState", _O.no_such_step, "disclosure.consent_state"),
    ("own_consents._mine NoConsent", _O.other_firm, "disclosure.no_consent"),
    ("paper_consents._offer SubjectKindShut", _wrong("a purpose about firms"), "disclosure.subject_kind"),
    ("paper_consents._offer Incomplete", _wrong("no name"), "disclosure.registration_incomplete"),
    (
        "paper_consents._offer ConsentTerms",
        _wrong("what needs no consent beside what does"),
        "disclosure.consent_terms",
    ),
    ("paper_consents._offer ConsentTerms 2", _wrong("too long"), "disclosure.consent_terms"),
    (
        "paper_consents.decide_paper PaperSamePerson",
        _paper(papers.confirmed_by_who_registered),
        "disclosure.paper_same_person",
    ),
    ("paper_consents.decide_paper ConsentTerms", _paper(papers.confirmed_with_other_terms), "disclosure.consent_terms"),
    (
        "paper_consents.decide_paper ConsentForged",
        _paper(papers.another_paper_put_in_its_place),
        "disclosure.consent_forged",
    ),
    (
        "paper_consents.decide_paper Incomplete",
        _paper(papers.sent_back_without_a_word),
        "disclosure.registration_incomplete",
    ),
    ("paper_consents.end_paper Incomplete", _paper(papers.ended_without_a_word), "disclosure.registration_incomplete"),
    ("paper_consents._of_unit NoConsent", _paper(papers.ended_by_another_unit), "disclosure.no_consent"),
    ("paper_lists.shown_paper NoConsent", _paper(papers.the_page_of_another_unit), "disclosure.no_consent"),
    ("paper_scans.kind_of PaperInvalid", _wrong("too large"), "disclosure.paper_invalid"),
    ("paper_scans.kind_of PaperInvalid 2", _wrong("a program"), "disclosure.paper_invalid"),
    ("paper_scans.digest_of_scan PaperInvalid", _wrong("half a digest"), "disclosure.paper_invalid"),
    ("paper_scans.digest_of_scan PaperInvalid 2", _wrong("another digest"), "disclosure.paper_invalid"),
    ("queries.shown_query NotRegistered", the_page_of_anothers_query, "disclosure.not_registered"),
    ("registration.judge BatchLimit", _T.batch_limit_and_one, "disclosure.batch_limit"),
    ("registration.judge SubjectKindShut", a_person_for_firms, "disclosure.subject_kind"),
    ("registration.judge SubjectInvalid", the_same_subject_twice, "disclosure.subject_invalid"),
    ("registration.may_ask NotAllowed", a_unit_nobody_knows, "disclosure.not_allowed"),
    (
        "registration.may_ask PurposeNotListed",
        _T.purpose_of_another_kind_of_unit,
        "disclosure.purpose_not_listed",
    ),
    ("registration.not_own OwnSubject", a_firm_of_his_own, "disclosure.own_subject"),
    ("registration.allow NotAllowed", _T.no_post, "disclosure.not_allowed"),
    (
        "registration.allow decision.error",
        an_administrator_who_is_an_officer_too,
        "policy.duties_separated",
    ),
    ("registration._complete Incomplete", _T.no_matter, "disclosure.registration_incomplete"),
    ("registration._complete Incomplete 2", an_endless_basis, "disclosure.registration_incomplete"),
    (
        "registration._complete Incomplete 3",
        a_period_that_ends_before_it_begins,
        "disclosure.registration_incomplete",
    ),
    ("registration.readable SubjectInvalid", _T.wrong_code, "disclosure.subject_invalid"),
    ("registration._fields FieldShut", _T.barred_fields, "disclosure.field_shut"),
    ("registration.destruction Incomplete", destroyed_in_ten_years, "disclosure.registration_incomplete"),
    ("review.decide_query ApprovalMismatch", _T.approval_of_another_count, "disclosure.approval_mismatch"),
    ("review.decide_query Incomplete", sent_back_without_a_word, "disclosure.registration_incomplete"),
    ("review.edit AlreadyDecided", edited_after_it_was_answered, "disclosure.already_decided"),
    ("review.edit Incomplete", edited_to_nothing, "disclosure.registration_incomplete"),
    ("review.withdraw AlreadyDecided", withdrawn_after_it_was_answered, "disclosure.already_decided"),
    ("review._to_decide NotRegistered", _T.approver_of_another_unit, "disclosure.not_registered"),
    ("review._to_decide SelfApproval", _T.approver_is_requester, "disclosure.self_approval"),
    ("review._to_decide AlreadyDecided", _T.approved_a_second_time, "disclosure.already_decided"),
    ("review._to_decide ApprovedTwice", approved_twice_by_one, "disclosure.same_approver"),
    ("tickets.own_ticket NotRegistered", _T.anothers_registration, "disclosure.not_registered"),
    ("tickets.require_approved EditedAfterApproval", _T.edited_in_the_database, "disclosure.edited_after_approval"),
    ("tickets.require_approved ApprovalExpired", _T.expired_by_a_second, "disclosure.approval_expired"),
    ("trail.trail MarkUnknown", the_trail_of_another_unit, "disclosure.mark_unknown"),
]
# Guards whose cases are tests of their own elsewhere: files of a profile, the interface, what cannot happen by the gate.
ELSEWHERE = {
    "assembling._require_days": "tests/disclosure/test_cutting.py::test_a_day_no_calendar_has_is_not_written",
    "rules": "tests/disclosure/test_purposes.py::test_a_wrong_line_is_a_fault_of_the_file",
    "machines.machine_actor": "tests/disclosure/test_interface.py::test_a_key_that_is_not_registered_may_not_ask",
    "machines._again": "tests/disclosure/test_interface.py::test_the_first_answer_is_told_again_and_counted_once",
    "consent_terms.judge_scope": "tests/disclosure/test_consents.py::test_a_query_that_names_more_than_was_consented_is_refused",
    "consent_use._refusal": "tests/disclosure/test_consents.py::test_a_consent_that_does_not_hold_opens_nothing",
    "paper_scans.open_scan": "tests/disclosure/test_paper_consents.py::test_a_scan_the_unit_keeps_is_known_by_its_digest",
    "results.open_result": "tests/disclosure/test_refusals.py::test_a_batch_is_refused_whole",
    "paper.as_pdf": "tests/disclosure/test_scenes.py::test_no_more_people_at_once_than_go_on_paper",
    "gate.limits": "tests/disclosure/test_purposes.py::test_a_purpose_holds_in_its_period_only",
    "cards.show_card AlreadyDecided": "tests/disclosure/test_cards.py::test_a_reviewed_query_has_its_card_after_the_approval_only",
}


def _run(case, request) -> str:
    """How a case ends: the code of its refusal, `crashed`, or empty when it goes through."""
    try:
        case(**{name: request.getfixturevalue(name) for name in signature(case).parameters})
    except XinshuError as refused:
        return refused.code
    except Exception as crashed:  # without its guard a step may go on into what cannot be
        return f"crashed: {type(crashed).__name__}"
    return ""


LINES = [pytest.param(*line, id=line[0].replace(" ", "-")) for line in TABLE]


@pytest.mark.parametrize(("guard", "case", "code"), LINES)
def test_without_its_guard_a_case_is_not_refused_like_that(guard, case, code, world, request, monkeypatch):
    given = {name: request.getfixturevalue(name) for name in signature(case).parameters}
    function, changed = switch_off(guard)
    monkeypatch.setattr(function, "__code__", changed)
    assert _run(lambda: case(**given), request) != code


OWN = [pytest.param(case, code, id=case.__name__) for _, case, code in TABLE if case.__module__ == __name__]


@pytest.mark.parametrize(("case", "code"), OWN)
def test_with_its_guard_it_is(case, code, world, request):
    assert _run(case, request) == code
    assert Copy.objects.count() == (1 if case is a_link_used_twice else 0)


def test_every_guard_of_the_room_is_switched_off_or_tested_elsewhere():
    found = {guard for path in sorted(ROOM.glob("*.py")) for guard in guards_of(path.stem)}
    named = {guard for guard, _, _ in TABLE}
    assert named <= found, named - found
    left = {each for each in found - named if not any(each.startswith(place) for place in ELSEWHERE)}
    assert left == set()
    for test in ELSEWHERE.values():
        path, _, name = test.partition("::")
        assert name in named_in(ROOM.parents[2] / path), test
