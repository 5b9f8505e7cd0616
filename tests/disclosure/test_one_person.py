"""A member of staff who is an enterprise user too is one person: nothing about himself or a firm of his goes through him."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone
from tests.disclosure.conftest import NOW, PERSON
from tests.disclosure.test_paper_consents import PAPER
from tests.disclosure.test_scenes import recruiting

from xinshu.disclosure.asking import carry_out, query
from xinshu.disclosure.consents import terms_digest
from xinshu.disclosure.models import Consent, Ticket
from xinshu.disclosure.paper_consents import decide_paper, register
from xinshu.disclosure.review import decide_query
from xinshu.kernel.errors import XinshuError
from xinshu.security.domain import Role
from xinshu.security.identity.accounts import create_account
from xinshu.security.identity.enterprise import known_or_new
from xinshu.security.identity.people import ID_CARD, person_reference
from xinshu.security.identity.provider import Claims, Firm
from xinshu.security.identity.requests import actor_by_id, actor_by_name
from xinshu.security.models import Post, User

FIELD = (("administrative-penalty", "CF_FR_ZJHM"),)  # opened by the purpose after review only


def refused(code, work):
    with pytest.raises(XinshuError) as found:
        work()
    assert found.value.code == code


def approve(gate, actor, number, now=NOW):
    ticket = Ticket.objects.get(number=number)
    counts = {"field_count": ticket.field_count, "subject_count": ticket.subject_count}
    return decide_query(gate, actor, number, approve=True, reason="", now=now, **counts)


@pytest.fixture
def hire(gate, make_actor, world):
    """An account with a post, its number told by the system administrator."""

    def make(name: str, role: Role, number: str = PERSON):
        now = timezone.now()
        admin = make_actor("root", roles=frozenset({Role.SYSTEM_ADMIN}), second_factor_at=now)
        create_account(admin, name, display_name="王小明", organisation=world.source, now=now, id_number=number)
        user = User.objects.get(username=name)
        Post.objects.create(user=user, role=role.value, organisation_id=world.source, from_at=now - timedelta(days=1))
        return replace(actor_by_id(str(user.pk)), second_factor_at=NOW)

    return make


@pytest.fixture
def comes_in(gate, world):
    """The same person comes in by the province's sign-in, as legal person of these enterprises."""

    def make(*numbers: int):
        firms = tuple(Firm(world.company(each), f"A市第{each}纺织有限公司") for each in numbers)
        return known_or_new(Claims("p1", "王小明", (ID_CARD, PERSON), firms), timezone.now())

    return make


def again(actor):
    """Him as he acts now."""
    return replace(actor_by_id(actor.id), second_factor_at=NOW)


def test_two_accounts_of_one_paper_are_one_person_and_the_number_is_not_kept(hire, comes_in):
    staff, firm = hire("wang", Role.QUERY_OFFICER), comes_in(1)
    assert staff.person == str(firm.person)
    assert PERSON not in str(list(User.objects.values()))
    assert hire("liang", Role.QUERY_OFFICER, "").person != staff.person


def test_he_does_not_ask_about_a_firm_of_his_and_another_does(gate, hire, comes_in, officer, make_request, audited):
    wang = hire("wang", Role.QUERY_OFFICER)
    assert query(gate, wang, make_request(1), NOW).state.value == "done"
    comes_in(1)
    refused("disclosure.own_subject", lambda: query(gate, again(wang), make_request(1), NOW))
    refused("disclosure.own_subject", lambda: query(gate, again(wang), make_request(2, 1), NOW))
    assert [row["code"] for row in audited(outcome="refused", actor=wang.id)] == ["disclosure.own_subject"] * 2
    assert query(gate, again(wang), make_request(2), NOW).state.value == "done"
    assert query(gate, officer, make_request(1), NOW).state.value == "done"
    comes_in(2)
    assert query(gate, again(wang), make_request(1), NOW).state.value == "done"


def test_he_does_not_approve_it_either(gate, hire, comes_in, officer, approver, make_request):
    wang = hire("wang", Role.QUERY_APPROVER)
    comes_in(1)
    number = query(gate, officer, make_request(2, 1), NOW).number
    refused("disclosure.own_subject", lambda: approve(gate, again(wang), number))
    assert approve(gate, approver, number).value == "ready"


def test_what_was_approved_is_not_carried_out_by_who_became_its_legal_person(
    gate, hire, comes_in, approver, make_request
):
    wang = hire("wang", Role.QUERY_OFFICER)
    number = query(gate, wang, make_request(1, fields=FIELD), NOW).number
    approve(gate, approver, number)
    comes_in(1)
    refused("disclosure.own_subject", lambda: carry_out(gate, again(wang), number, NOW))


def test_requester_and_approver_of_one_paper_are_one(gate, hire, make_request):
    asks, approves = hire("wang", Role.QUERY_OFFICER), hire("wang2", Role.QUERY_APPROVER)
    number = query(gate, asks, make_request(1, 2), NOW).number
    refused("disclosure.self_approval", lambda: approve(gate, approves, number))


def test_nobody_asks_registers_or_confirms_about_himself(gate, personnel, make_request):
    himself = str(person_reference(gate.vault, ID_CARD, PERSON))
    officer, first, second = personnel
    own = replace(officer, person=himself)
    refused("disclosure.own_subject", lambda: query(gate, own, recruiting(make_request), NOW))
    refused("disclosure.own_subject", lambda: register(gate, own, PAPER, NOW))
    number = register(gate, officer, PAPER, NOW).number
    shown = terms_digest(Consent.objects.get())
    given = {"approve": True, "shown": shown, "reason": "", "now": NOW}
    refused("disclosure.own_subject", lambda: decide_paper(gate, replace(first, person=himself), number, **given))
    assert decide_paper(gate, second, number, **given).state == "given"


def test_a_number_that_cannot_be_or_is_anothers_makes_no_account(gate, hire, make_actor, world):
    hire("wang", Role.QUERY_OFFICER, "")
    now = timezone.now()
    admin = make_actor("root", roles=frozenset({Role.SYSTEM_ADMIN}), second_factor_at=now)
    given = {"display_name": "王某", "organisation": world.source, "now": now}
    with pytest.raises(XinshuError):
        create_account(admin, "wang2", id_number=PERSON[:-1] + "A", **given)
    other = User.objects.get(username="wang").pk
    refused(
        "identity.person_differs",
        lambda: create_account(admin, "wang2", id_number=PERSON, same_person_as=other, **given),
    )
    assert not User.objects.filter(username="wang2").exists()


def test_an_ended_mandate_is_no_conflict(gate, hire, comes_in, make_request):
    wang = hire("wang", Role.QUERY_OFFICER)
    comes_in(1)
    assert again(wang).firms
    comes_in()
    assert again(wang).firms == frozenset()
    assert query(gate, again(wang), make_request(1), NOW).state.value == "done"
    assert actor_by_name("wang").firms == frozenset()
