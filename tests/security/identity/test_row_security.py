"""Row-level security: without a context the program sees nothing of a protected table, also by raw SQL."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import ProgrammingError, connection, transaction

from xinshu.security.domain import Role
from xinshu.security.models import Mandate
from xinshu.security.rowsecurity import protect, row_context

FIRM, OTHER = "91990102MA000001XX", "91990102MA000002XX"
COUNT = "SELECT count(*) FROM security_mandate"


def ask(statement: str, values: list[object] | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.fetchone()[0]) if cursor.description else cursor.rowcount


INSERT = (
    "INSERT INTO security_mandate (id, user_id, firm, firm_name, capacity, scope, from_at, to_at)"
    " VALUES (%s, %s, %s, '某厂', 'legal', 'view', %s, %s)"
)


@pytest.fixture
def people(make_user, now):
    """Two legal persons, each with a mandate of his own firm."""
    found = [make_user(name, Role.ENTERPRISE) for name in ("jia", "yi")]
    with transaction.atomic(), row_context(every_row=True):
        for user, firm in zip(found, (FIRM, OTHER), strict=True):
            assert ask(INSERT, [uuid4(), user.pk, firm, now, now + timedelta(days=1)]) == 1
    return found


def test_raw_sql_without_a_context_sees_and_changes_no_row(people):
    assert ask(COUNT) == 0
    assert ask("UPDATE security_mandate SET firm_name = '别的厂'") == 0
    with pytest.raises(ProgrammingError, match="permission denied"):
        ask("DELETE FROM security_mandate")
    assert Mandate.objects.count() == 0


def test_in_a_context_the_rows_of_the_unit_or_person_are_seen(people):
    with transaction.atomic():
        for context, seen in (
            ({"unit": FIRM}, 1),
            ({"person": str(people[1].person)}, 1),
            ({"unit": FIRM, "person": str(people[1].person)}, 2),
            ({"unit": "nobody"}, 0),
            ({"unit": "", "person": ""}, 0),
            ({"every_row": True}, 2),
        ):
            with row_context(**context):
                assert ask(COUNT) == seen, context
            assert ask(COUNT) == 0


def test_a_context_ends_with_its_transaction_and_the_inner_one_gives_way_to_the_outer(people):
    with transaction.atomic(), row_context(unit=FIRM):
        with row_context(every_row=True):
            assert ask(COUNT) == 2
        assert ask(COUNT) == 1
    assert ask(COUNT) == 0
    with pytest.raises(ZeroDivisionError), transaction.atomic(), row_context(every_row=True):
        raise ZeroDivisionError
    assert ask(COUNT) == 0


def test_nothing_is_written_into_anothers_rows(people, now):
    values = [uuid4(), people[0].pk, OTHER, now, now + timedelta(days=1)]
    with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic(), row_context(unit=FIRM):
        ask(INSERT, values)
    with transaction.atomic(), row_context(unit=FIRM):
        assert ask("UPDATE security_mandate SET firm_name = '别的厂' WHERE firm = %s", [OTHER]) == 0


def test_no_context_outside_a_transaction(people):
    with pytest.raises(RuntimeError), row_context(every_row=True):
        pass


def test_a_value_is_no_statement(people):
    with transaction.atomic(), row_context(unit="' OR true --"):
        assert ask(COUNT) == 0


def test_a_protected_table_names_whose_its_rows_are():
    with pytest.raises(ValueError, match="unit or a person"):
        protect("some_table")


def test_row_security_holds_for_the_program_in_every_table_that_has_it(owner, database):
    found = owner(
        "SELECT relname, relowner = 'xinshu_app'::regrole, relforcerowsecurity FROM pg_class"
        " WHERE relrowsecurity AND relkind IN ('r', 'p')"
    )
    assert {"security_mandate", "records_record"} <= {name for name, _, _ in found}
    assert not [name for name, owned, forced in found if owned and not forced]
    assert {name: forced for name, _, forced in found}["security_mandate"]
