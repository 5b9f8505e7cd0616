"""Single queries: what comes out, what is on the record, and that nothing comes out without it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from tests.disclosure.conftest import NOW

from xinshu.disclosure.asking import query
from xinshu.disclosure.domain import Outcome, State
from xinshu.disclosure.models import Counter, Ticket, TicketSubject
from xinshu.security.audit.errors import AnchorStale, AuditUnavailable


def cells(subject, item="administrative-penalty"):
    (fact,) = [each for each in subject.facts if each.item == item]
    return {each.title: each.value for each in fact.cells}


def test_a_single_query_is_registered_answered_and_recorded(gate, officer, make_request, audited, world):
    answer = query(gate, officer, make_request(), NOW)
    (subject,) = answer.result.subjects
    assert (answer.state, subject.outcome, subject.name) == (State.DONE, Outcome.DISCLOSED, "A市第1纺织有限公司")
    shown = cells(subject)
    assert shown["行政处罚决定书文号"] == "A环罚〔2026〕1号"
    assert shown["法定代表人"] == "张三丰"  # this purpose lifts the mask of names
    assert "备注" not in shown
    assert "法定代表人证件号码" not in shown
    ticket = Ticket.objects.get(number=answer.number)
    assert (ticket.state, ticket.matter_no, ticket.subject_count, ticket.disclosed) == ("done", "SP-2026-0001", 1, 1)
    (row,) = audited(action="disclosure.query")
    assert (row["outcome"], row["ticket"], row["purpose"]) == ("done", answer.number, "administrative-approval")
    assert bytes(row["object_ref"]) == gate.vault.reference("subject", world.company(1)).bytes
    assert row["trace"] == ticket.trace


def test_the_subject_is_sealed_in_the_registration(gate, officer, make_request, world):
    query(gate, officer, make_request(), NOW)
    row = TicketSubject.objects.get()
    assert world.company(1).encode() not in bytes(row.sealed)
    assert row.outcome == "disclosed"


def test_a_result_says_what_was_not_checked(gate, officer, make_request):
    result = query(gate, officer, make_request(), NOW).result
    assert "行政处罚" in result.checked
    assert "司法裁判" in result.not_checked
    assert "银行征信记录" in result.not_checked
    assert not set(result.checked) & set(result.not_checked)


def test_an_unknown_subject_is_none_found(gate, officer, make_request):
    answer = query(gate, officer, make_request(9), NOW)
    assert [each.outcome for each in answer.result.subjects] == [Outcome.NONE_FOUND]
    assert Ticket.objects.get(number=answer.number).disclosed == 0


def test_reading_the_store_is_planned_once(gate, officer, make_request):
    """By itself the server plans it anew each time, which takes longer than running it."""
    for number in (1, 2, 3, 9):
        query(gate, officer, make_request(number), NOW)
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT custom_plans FROM pg_prepared_statements WHERE statement LIKE '%records_record%'")
        assert set(cursor.fetchall()) == {(0,)}


def test_a_period_cuts_the_records(gate, officer, make_request):
    later = make_request(since=datetime(2026, 9, 4, tzinfo=UTC).date())
    (subject,) = query(gate, officer, later, NOW).result.subjects
    assert [each.item for each in subject.facts] == ["enterprise-registration"]  # who it is, whatever the days


def test_without_an_audit_row_there_is_no_disclosure(gate, officer, make_request):
    """Fail closed: the insert is refused by the database, and with it everything the query did."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'disk full'; END $$;"
            "CREATE TRIGGER stop BEFORE INSERT ON security_audit_entry FOR EACH ROW EXECUTE FUNCTION stop()"
        )
    with pytest.raises(AuditUnavailable):
        query(gate, officer, make_request(), NOW)
    assert (Ticket.objects.count(), Counter.objects.count()) == (0, 0)


def test_a_stale_anchor_stops_queries_and_lets_them_go_on(gate, officer, make_request, anchored, audited):
    anchored(NOW - timedelta(seconds=1))
    with pytest.raises(AnchorStale):
        query(gate, officer, make_request(), NOW)
    assert Ticket.objects.count() == 0
    assert [row["code"] for row in audited(outcome="refused")] == ["audit.anchor_stale"]
    anchored(NOW)
    assert query(gate, officer, make_request(), NOW).state is State.DONE


def test_the_store_is_shut_again_afterwards(gate, officer, make_request):
    query(gate, officer, make_request(), NOW)
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM records_record")
        assert cursor.fetchone() == (0,)
