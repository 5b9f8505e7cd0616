"""Limits under load, with real threads; and what is alarmed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.disclosure.conftest import NOW
from tests.disclosure.test_consents import together

from xinshu.disclosure.asking import query
from xinshu.disclosure.batches import run_batch
from xinshu.disclosure.counting import longest_run, oddities
from xinshu.disclosure.domain import GateRules
from xinshu.disclosure.errors import PersonLimit
from xinshu.disclosure.models import Counter, Ticket
from xinshu.disclosure.review import decide_query


def limited(gate, **changes):
    """The gate with other limits."""
    limits = replace(gate.rules.limits[0], **changes)
    return replace(gate, rules=GateRules(gate.rules.purposes, (limits,)))


def approved_batch(gate, officer, approver, make_request, *numbers, at=NOW):
    number = query(gate, officer, make_request(*numbers), at).number
    ticket = Ticket.objects.get(number=number)
    counts = {"field_count": ticket.field_count, "subject_count": len(numbers)}
    decide_query(gate, approver, number, approve=True, reason="", now=at, **counts)
    return ticket.id


def test_eight_parallel_batches_stay_under_one_cap(gate, officer, approver, make_request, audited):
    """Each asks for three; the unit may have ten a day: three go through whole, five are refused whole."""
    small = limited(gate, per_unit_day=10)
    tickets = [approved_batch(small, officer, approver, make_request, 1, 2, 3) for _ in range(8)]
    together(8, lambda number: run_batch(small, tickets[number], NOW))
    states = list(Ticket.objects.values_list("state", "disclosed", "code"))
    assert sorted(states) == [("done", 3, "")] * 3 + [("failed", 0, "disclosure.unit_limit")] * 5
    assert Counter.objects.get(scope="unit").subjects == 9
    assert [row["code"] for row in audited(outcome="refused")] == ["disclosure.unit_limit"] * 5


def test_parallel_single_queries_stay_under_the_persons_cap(gate, officer, make_request):
    small = limited(gate, per_person_day=5)

    def work(number):
        try:
            query(small, officer, make_request(), NOW)
        except Exception as refused:
            return refused.code
        return ""

    answers = together(12, work)
    assert answers.count("") == 5
    assert answers.count("disclosure.person_limit") == 7


def test_a_batch_counts_for_the_person_whose_single_queries_it_leaves_fewer(
    gate, officer, approver, make_request, make_actor
):
    """Approved by another it may pass the person's limit; what nobody approves may not be added to it."""
    small = limited(gate, per_person_day=4)
    first = approved_batch(small, officer, approver, make_request, 1, 2, 3)
    assert run_batch(small, first, NOW) == "done"
    query(small, officer, make_request(), NOW)
    with pytest.raises(PersonLimit):
        query(small, officer, make_request(), NOW)
    second = approved_batch(small, officer, approver, make_request, 1, 2, 3)
    assert run_batch(small, second, NOW) == "done"
    assert Counter.objects.get(scope="person").subjects == 7
    query(small, make_actor("zhou"), make_request(), NOW)


def test_the_day_of_a_limit_is_the_day_in_shanghai(gate, officer, make_request):
    small = limited(gate, per_person_day=1)
    evening = datetime(2026, 11, 22, 15, 59, tzinfo=UTC)
    query(small, officer, make_request(), evening)
    query(small, officer, make_request(), evening + timedelta(minutes=1))
    assert sorted(Counter.objects.filter(scope="person").values_list("day__day", flat=True)) == [22, 23]


def test_a_batch_run_twice_is_done_once(gate, officer, approver, make_request, audited):
    ticket = approved_batch(gate, officer, approver, make_request, 1, 2)
    assert run_batch(gate, ticket, NOW) == "done"
    assert run_batch(gate, ticket, NOW) is None
    assert Counter.objects.get(scope="unit").subjects == 2
    assert len(audited(action="disclosure.batch_query")) == 2


@pytest.mark.parametrize(
    ("numbers", "run"),
    [
        pytest.param(range(100, 130), 30, id="one after another"),
        pytest.param([7, 900, 10_000], 1, id="scattered"),
        pytest.param([1, 2, 3, 500, 501], 3, id="the longest counts"),
        pytest.param([], 0, id="none"),
    ],
)
def test_near_sequences_are_found(numbers, run, world):
    assert longest_run([world.company(number) for number in numbers]) == run


def test_odd_queries_are_alarmed(gate, world):
    limits = gate.rules.limits[0]
    codes = [world.company(number) for number in range(1, 41)]
    night = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)  # 22:00 in Shanghai
    assert oddities(codes, 40, NOW, limits) == {"run": 40}
    assert oddities([], 60, night, limits) == {"off_hours": 60}
    assert oddities([], 60, NOW, limits) == {}


def test_an_alarm_is_on_the_record_of_the_query(gate, officer, approver, make_request, audited):
    near = limited(gate, run=3)
    run_batch(near, approved_batch(near, officer, approver, make_request, 1, 2, 3), NOW)
    (alarm,) = audited(action="disclosure.alarm")
    assert alarm["ticket"] == Ticket.objects.get().number
    assert '"run":3' in alarm["detail"]
