"""Refusals, table-driven: each with its own code on the record, and nothing disclosed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from tests.disclosure.conftest import BANK, NOW, PERSON

from xinshu.disclosure.asking import carry_out, query
from xinshu.disclosure.batches import run_batch
from xinshu.disclosure.domain import Asked, GateRules, Outcome, State
from xinshu.disclosure.models import Counter, Ticket
from xinshu.disclosure.results import open_result
from xinshu.disclosure.review import decide_query, edit
from xinshu.kernel.errors import XinshuError
from xinshu.security.domain import Role

FIELD = (("administrative-penalty", "CF_FR_ZJHM"),)  # opened by the purpose after review only


@dataclass
class Scene:
    """What a case works with."""

    gate: Any
    officer: Any
    approver: Any
    request: Callable[..., Any]
    actor: Callable[..., Any]

    def approved(self, *numbers: int, at=NOW, **changes: Any) -> str:
        """The number of a query that was approved."""
        number = query(self.gate, self.officer, self.request(*numbers, **changes), at).number
        self.approve(number, at=at)
        return number

    def approve(self, number: str, *, at=NOW, actor=None, **changes: Any) -> State:
        ticket = Ticket.objects.get(number=number)
        counts = {"field_count": ticket.field_count, "subject_count": ticket.subject_count, **changes}
        return decide_query(self.gate, actor or self.approver, number, approve=True, reason="", now=at, **counts)


@pytest.fixture
def scene(gate, officer, approver, make_request, make_actor) -> Scene:
    return Scene(gate, officer, approver, make_request, make_actor)


def no_registration(scene):
    carry_out(scene.gate, scene.officer, "CX-0000000000000000", NOW)


def anothers_registration(scene):
    number = scene.approved(1, fields=FIELD)
    carry_out(scene.gate, scene.actor("zhou"), number, NOW)


def unknown_purpose(scene):
    query(scene.gate, scene.officer, scene.request(purpose="curiosity"), NOW)


def purpose_of_another_kind_of_unit(scene):
    query(scene.gate, scene.officer, scene.request(purpose="financing"), NOW)


def fields_of_another_purpose(scene):
    query(scene.gate, scene.officer, scene.request(fields=(("tax-arrears", "QSYE"),)), NOW)


def barred_fields(scene):
    query(scene.gate, scene.officer, scene.request(fields=(("administrative-penalty", "BZ"),)), NOW)


def no_basis(scene):
    query(scene.gate, scene.officer, scene.request(legal_basis=" "), NOW)


def no_matter(scene):
    query(scene.gate, scene.officer, scene.request(matter_no=""), NOW)


def wrong_code(scene):
    query(scene.gate, scene.officer, scene.request(subjects=(Asked("organisation", "91990102MA0000010X"),)), NOW)


def a_person_under_a_purpose_for_firms(scene):
    query(scene.gate, scene.officer, scene.request(subjects=(Asked("person", PERSON),)), NOW)


def no_post(scene):
    query(scene.gate, replace(scene.officer, roles=frozenset({Role.REPORTER})), scene.request(), NOW)


def before_the_approval(scene):
    number = query(scene.gate, scene.officer, scene.request(fields=FIELD), NOW).number
    carry_out(scene.gate, scene.officer, number, NOW)


def approver_is_requester(scene):
    number = query(scene.gate, scene.officer, scene.request(fields=FIELD), NOW).number
    own = replace(scene.officer, roles=frozenset({Role.QUERY_APPROVER}))
    scene.approve(number, actor=own)


def approver_is_the_requesters_other_account(scene):
    number = query(scene.gate, scene.officer, scene.request(fields=FIELD), NOW).number
    scene.approve(number, actor=replace(scene.approver, person=scene.officer.person))


def approver_of_another_unit(scene):
    number = query(scene.gate, scene.officer, scene.request(fields=FIELD), NOW).number
    scene.approve(number, actor=replace(scene.approver, unit=BANK))


def approval_of_another_count(scene):
    number = query(scene.gate, scene.officer, scene.request(fields=FIELD), NOW).number
    scene.approve(number, subject_count=2)


def approved_a_second_time(scene):
    number = scene.approved(1, fields=FIELD)
    scene.approve(number, actor=scene.actor("sun", roles=frozenset({Role.QUERY_APPROVER})))


def edited_by_its_requester(scene):
    """The service puts it back to waiting: it is not approved any more."""
    number = scene.approved(1, fields=FIELD)
    edit(
        scene.gate,
        scene.officer,
        number,
        NOW,
        use="别的用途",
        destroy_by=NOW.date(),
        matter_no="SP-2",
        legal_basis="法",
    )
    carry_out(scene.gate, scene.officer, number, NOW)


def edited_in_the_database(scene):
    number = scene.approved(1, fields=FIELD)
    Ticket.objects.filter(number=number).update(matter_no="SP-2026-9999")
    carry_out(scene.gate, scene.officer, number, NOW)


def fields_added_in_the_database(scene):
    number = scene.approved(1, fields=FIELD)
    Ticket.objects.filter(number=number).update(
        fields="administrative-penalty.CF_FR_ZJHM administrative-penalty.CF_WSH"
    )
    carry_out(scene.gate, scene.officer, number, NOW)


def expired_by_a_second(scene):
    number = scene.approved(1, fields=FIELD)
    carry_out(scene.gate, scene.officer, number, NOW + timedelta(days=7, seconds=1))


def carried_out_twice(scene):
    number = scene.approved(1, fields=FIELD)
    carry_out(scene.gate, scene.officer, number, NOW)
    Ticket.objects.update(disclosed=0)
    carry_out(scene.gate, scene.officer, number, NOW)


def person_limit_and_one(scene):
    Counter.objects.create(scope="person", key=scene.officer.person, day=NOW.date(), subjects=500)
    query(scene.gate, scene.officer, scene.request(), NOW)


def unit_limit_and_one(scene):
    Counter.objects.create(scope="unit", key=scene.officer.unit, day=NOW.date(), subjects=20_000)
    query(scene.gate, scene.officer, scene.request(), NOW)


def batch_limit_and_one(scene):
    limits = replace(scene.gate.rules.limits[0], per_batch=2)
    small = replace(scene.gate, rules=GateRules(scene.gate.rules.purposes, (limits,)))
    query(small, scene.officer, scene.request(1, 2, 3), NOW)


CASES = [
    (no_registration, "disclosure.not_registered"),
    (anothers_registration, "disclosure.not_registered"),
    (unknown_purpose, "disclosure.purpose_unknown"),
    (purpose_of_another_kind_of_unit, "disclosure.purpose_not_listed"),
    (fields_of_another_purpose, "disclosure.field_shut"),
    (barred_fields, "disclosure.field_shut"),
    (no_basis, "disclosure.registration_incomplete"),
    (no_matter, "disclosure.registration_incomplete"),
    (wrong_code, "disclosure.subject_invalid"),
    (a_person_under_a_purpose_for_firms, "disclosure.subject_kind"),
    (no_post, "disclosure.not_allowed"),
    (before_the_approval, "disclosure.not_approved"),
    (approver_is_requester, "disclosure.self_approval"),
    (approver_is_the_requesters_other_account, "disclosure.self_approval"),
    (approver_of_another_unit, "disclosure.not_registered"),
    (approval_of_another_count, "disclosure.approval_mismatch"),
    (approved_a_second_time, "disclosure.already_decided"),
    (edited_by_its_requester, "disclosure.not_approved"),
    (edited_in_the_database, "disclosure.edited_after_approval"),
    (fields_added_in_the_database, "disclosure.edited_after_approval"),
    (expired_by_a_second, "disclosure.approval_expired"),
    (carried_out_twice, "disclosure.already_decided"),
    (person_limit_and_one, "disclosure.person_limit"),
    (unit_limit_and_one, "disclosure.unit_limit"),
    (batch_limit_and_one, "disclosure.batch_limit"),
]


@pytest.mark.parametrize(("case", "code"), [pytest.param(case, code, id=case.__name__) for case, code in CASES])
def test_refused_with_its_code_on_the_record(case, code, scene, audited):
    with pytest.raises(XinshuError) as refused:
        case(scene)
    assert refused.value.code == code
    assert refused.value.fix
    assert audited()[-1]["code"] == code
    assert audited()[-1]["outcome"] == "refused"
    assert Ticket.objects.filter(disclosed__gt=0).count() == 0


def test_an_approved_query_is_answered_until_its_last_second(scene):
    number = scene.approved(1, fields=FIELD)
    answer = carry_out(scene.gate, scene.officer, number, NOW + timedelta(days=7, seconds=-1))
    assert [each.outcome for each in answer.result.subjects] == [Outcome.DISCLOSED]


def test_up_to_the_limit_a_person_may_ask(scene):
    Counter.objects.create(scope="person", key=scene.officer.person, day=NOW.date(), subjects=499)
    assert query(scene.gate, scene.officer, scene.request(), NOW).state is State.DONE


def batch_edited(scene, number):
    Ticket.objects.filter(number=number).update(use="另作他用")
    return NOW


def batch_with_a_subject_taken_out(scene, number):
    Ticket.objects.get(number=number).subjects.filter(position=1).delete()
    return NOW


def batch_too_late(scene, number):
    return NOW + timedelta(days=7, seconds=1)


def batch_over_the_units_day(scene, number):
    Counter.objects.create(scope="unit", key=scene.officer.unit, day=NOW.date(), subjects=19_998)
    return NOW


@pytest.mark.parametrize(
    ("case", "code", "state"),
    [
        pytest.param(batch_edited, "disclosure.edited_after_approval", "voided", id="edited"),
        pytest.param(batch_with_a_subject_taken_out, "disclosure.edited_after_approval", "voided", id="subjects"),
        pytest.param(batch_too_late, "disclosure.approval_expired", "expired", id="late"),
        pytest.param(batch_over_the_units_day, "disclosure.unit_limit", "failed", id="unit limit"),
    ],
)
def test_a_batch_is_refused_whole(case, code, state, scene, audited):
    number = scene.approved(1, 2, 3)
    at = case(scene, number)
    run_batch(scene.gate, Ticket.objects.get(number=number).id, at)
    ticket = Ticket.objects.get(number=number)
    assert (ticket.state, ticket.code, ticket.disclosed) == (state, code, 0)
    assert [row["code"] for row in audited(action="disclosure.batch_query")] == [code]
    with pytest.raises(XinshuError):
        open_result(scene.gate, ticket.id)
