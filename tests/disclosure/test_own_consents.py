"""A firm gives and ends its consents; nobody else does, and a use feels it at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.disclosure.conftest import NOW

from xinshu.disclosure.asking import query
from xinshu.disclosure.consents import Less, given_by
from xinshu.disclosure.domain import Outcome
from xinshu.disclosure.models import Consent
from xinshu.disclosure.own_consents import (
    agree,
    keep_only,
    own_consent,
    own_consents,
    revoke_all,
    take_step,
    uses_of,
)
from xinshu.kernel.errors import XinshuError
from xinshu.security.domain import Role

AS_ASKED = Less()
MANDATE = frozenset({"consent"})


@pytest.fixture
def firm(make_actor, world):
    """Somebody acting for the n-th enterprise."""
    return lambda number=1, **changes: make_actor(
        "sun", roles=frozenset({Role.ENTERPRISE}), unit=world.company(number), **{"mandate": MANDATE, **changes}
    )


@pytest.fixture
def asked(make_consent) -> str:
    """A consent the bank asked the first enterprise for."""
    return make_consent(given=False, evidence="").number


def see(gate, banker, financing, at=NOW):
    return query(gate, banker, financing(1), at).result.subjects[0]


def shown(gate, actor, number):
    return own_consent(gate, actor, number, NOW).digest


def test_a_firm_reads_what_is_asked_agrees_and_the_bank_sees_it(gate, firm, asked, banker, financing, audited):
    (own,) = own_consents(gate, firm(), NOW)
    assert (own.grantee, own.purpose, own.state, own.asked) == ("示例农商银行", "融资授信", "待确认", True)
    assert "行政处罚" in {scope.title for scope in own.scopes}
    assert see(gate, banker, financing).outcome is Outcome.UNAUTHORISED
    agree(gate, firm(), asked, AS_ASKED, own.digest, NOW)
    assert see(gate, banker, financing).outcome is Outcome.DISCLOSED
    (used,) = uses_of(gate, own_consents(gate, firm(), NOW))
    assert (used.unit, used.matter_no, used.consent) == ("示例农商银行", "SP-2026-0001", asked)
    (row,) = audited(action="consent.give")
    assert row["actor"] == "u-sun"


def test_the_evidence_of_a_giving_can_be_made_anew(gate, firm, asked):
    before = Consent.objects.get()
    less = Less(items=frozenset({"administrative-penalty"}), max_uses=1)
    agree(gate, firm(), asked, less, shown(gate, firm(), asked), NOW)
    event = Consent.objects.get().events.get(step="given")
    assert Consent.objects.get().evidence == given_by(before, less, firm(), event.at)
    assert Consent.objects.get().evidence != given_by(before, AS_ASKED, firm(), event.at)


def test_less_may_be_given_than_was_asked(gate, firm, asked, banker, financing):
    less = Less(items=frozenset({"administrative-penalty"}), until=NOW + timedelta(days=30), max_uses=1)
    agree(gate, firm(), asked, less, shown(gate, firm(), asked), NOW)
    found = see(gate, banker, financing)
    assert {fact.item for fact in found.facts} == {"administrative-penalty"}
    assert own_consent(gate, firm(), asked, NOW).state == "已用完"
    assert see(gate, banker, financing).outcome is Outcome.UNAUTHORISED


@pytest.mark.parametrize(
    "less",
    [
        pytest.param(Less(items=frozenset()), id="nothing"),
        pytest.param(Less(items=frozenset({"no-such-item"})), id="another item"),
        pytest.param(Less(until=NOW + timedelta(days=91)), id="longer"),
        pytest.param(Less(until=NOW), id="no time at all"),
        pytest.param(Less(max_uses=11), id="more often"),
        pytest.param(Less(max_uses=0), id="never"),
    ],
)
def test_nothing_but_less_is_given(less, gate, firm, asked, audited):
    with pytest.raises(XinshuError) as refused:
        agree(gate, firm(), asked, less, shown(gate, firm(), asked), NOW)
    assert refused.value.code == audited()[-1]["code"] == "disclosure.consent_terms"
    assert Consent.objects.get().state == "asked"


@pytest.mark.parametrize("changes", [{"max_uses": 1000}, {"fields": "administrative-penalty.CF_WSH"}, {"purpose": "x"}])
def test_terms_changed_since_they_were_read_are_not_given(changes, gate, firm, asked, audited):
    digest = shown(gate, firm(), asked)
    Consent.objects.update(**changes)
    with pytest.raises(XinshuError) as refused:
        agree(gate, firm(), asked, AS_ASKED, digest, NOW)
    assert refused.value.code == audited()[-1]["code"] == "disclosure.consent_terms"
    with pytest.raises(XinshuError):
        agree(gate, firm(), asked, AS_ASKED, "", NOW)
    assert Consent.objects.get().state == "asked"


def test_withdrawing_pausing_and_resuming_are_felt_by_the_next_query(gate, firm, make_consent, banker, financing):
    number = make_consent().number
    for step, outcome in [
        ("pause", Outcome.UNAUTHORISED),
        ("resume", Outcome.DISCLOSED),
        ("revoke", Outcome.UNAUTHORISED),
    ]:
        take_step(gate, firm(), number, step, NOW)
        assert see(gate, banker, financing).outcome is outcome


def test_fewer_items_are_felt_too(gate, firm, make_consent, banker, financing):
    number = make_consent().number
    keep_only(gate, firm(), number, frozenset({"enterprise-registration"}), NOW)
    assert {fact.item for fact in see(gate, banker, financing).facts} == {"enterprise-registration"}
    with pytest.raises(XinshuError):
        keep_only(gate, firm(), number, frozenset({"administrative-penalty"}), NOW)


def test_all_are_withdrawn_at_once_and_what_is_asked_stays(gate, firm, make_consent, make_actor, world):
    for purpose_of in (1, 1, 2):
        make_consent(purpose_of)
    pending = make_consent(given=False).number
    assert revoke_all(gate, firm(), NOW) == 2
    states = {each.consent.number: each.state for each in own_consents(gate, firm(), NOW)}
    assert sorted(states.values()) == ["已撤回", "已撤回", "待确认"]
    assert states[pending] == "待确认"
    assert [each.state for each in own_consents(gate, firm(2), NOW)] == ["生效中"]


def other_firm(gate, firm, number):
    agree(gate, firm(2), number, AS_ASKED, "x", NOW)


def other_firm_revokes(gate, firm, number):
    take_step(gate, firm(2), number, "revoke", NOW)


def unknown_number(gate, firm, number):
    take_step(gate, firm(), "SQ-0000000000000000", "revoke", NOW)


def other_firm_looks(gate, firm, number):
    keep_only(gate, firm(2), number, frozenset({"administrative-penalty"}), NOW)


def no_enterprise(gate, firm, number):
    take_step(gate, replace(firm(), roles=frozenset({Role.QUERY_OFFICER})), number, "revoke", NOW)


def the_grantee_itself(gate, firm, number):
    bank = Consent.objects.get().grantee
    agree(gate, replace(firm(), unit=bank, roles=frozenset({Role.QUERY_OFFICER})), number, AS_ASKED, "x", NOW)


def an_administrator(gate, firm, number):
    take_step(gate, replace(firm(), roles=frozenset({Role.SECURITY_ADMIN})), number, "revoke", NOW)


def a_handler_without_that_scope(gate, firm, number):
    take_step(gate, firm(mandate=frozenset({"view"})), number, "revoke", NOW)


def no_such_step(gate, firm, number):
    take_step(gate, firm(), number, "renew", NOW)


def paused_before_it_was_given(gate, firm, number):
    take_step(gate, firm(), number, "pause", NOW)


def given_without_identifying_again(gate, firm, number):
    late = firm(second_factor_at=NOW - timedelta(minutes=5, seconds=1))
    agree(gate, late, number, AS_ASKED, shown(gate, late, number), NOW)


def given_without_ever_identifying_again(gate, firm, number):
    agree(gate, firm(second_factor_at=None), number, AS_ASKED, shown(gate, firm(), number), NOW)


def given_twice(gate, firm, number):
    agree(gate, firm(), number, AS_ASKED, shown(gate, firm(), number), NOW)
    agree(gate, firm(), number, AS_ASKED, shown(gate, firm(), number), NOW)


def given_after_it_was_refused(gate, firm, number):
    take_step(gate, firm(), number, "revoke", NOW)
    agree(gate, firm(), number, AS_ASKED, shown(gate, firm(), number), NOW)


@pytest.mark.parametrize(
    ("case", "code"),
    [
        pytest.param(case, code, id=case.__name__)
        for case, code in [
            (other_firm, "disclosure.no_consent"),
            (other_firm_revokes, "disclosure.no_consent"),
            (other_firm_looks, "disclosure.no_consent"),
            (unknown_number, "disclosure.no_consent"),
            (no_enterprise, "disclosure.not_allowed"),
            (the_grantee_itself, "disclosure.not_allowed"),
            (an_administrator, "disclosure.not_allowed"),
            (a_handler_without_that_scope, "policy.mandate_scope"),
            (no_such_step, "disclosure.consent_state"),
            (paused_before_it_was_given, "disclosure.consent_state"),
            (given_without_identifying_again, "policy.step_up_required"),
            (given_without_ever_identifying_again, "policy.step_up_required"),
            (given_twice, "disclosure.consent_state"),
            (given_after_it_was_refused, "disclosure.consent_state"),
        ]
    ],
)
def test_nobody_but_the_firm_and_no_step_out_of_order(case, code, gate, firm, asked, audited):
    with pytest.raises(XinshuError) as refused:
        case(gate, firm, asked)
    assert refused.value.code == code
    assert (audited()[-1]["code"], audited()[-1]["outcome"]) == (code, "refused")


def test_a_refused_request_and_an_ended_one_say_so(gate, firm, asked, make_consent):
    late = make_consent(valid_to=NOW - timedelta(minutes=30)).number
    take_step(gate, firm(), asked, "revoke", NOW)
    assert own_consent(gate, firm(), asked, NOW).state == "已拒绝"
    assert own_consent(gate, firm(), late, NOW).state == "已到期"
