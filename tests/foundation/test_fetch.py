"""Prepared look-ups on Django's connection: in its transaction, in its role, never behind what is stored."""

from __future__ import annotations

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction

from xinshu.kernel.database import fetch

_OFTEN = 8  # past the fifth time the server makes one plan for all values
_NAMES = "SELECT name FROM security_organisation WHERE uscc = ANY(%s) ORDER BY uscc"
_ADD = "INSERT INTO security_organisation (uscc, name, region, level, kind) VALUES (%s, %s, '', 'city', '')"


def add(code: str, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [code, name])


def names(*codes: str) -> list[str]:
    return [name for (name,) in fetch(_NAMES, [list(codes)])]


def test_a_statement_asked_often_is_kept_by_the_server_and_sees_every_change(database):
    for number in range(_OFTEN):
        add(f"A{number}", f"单位{number}")
        assert names(*(f"A{each}" for each in range(number + 1))) == [f"单位{each}" for each in range(number + 1)]
    kept = fetch("SELECT statement FROM pg_prepared_statements")
    assert any("security_organisation" in statement for (statement,) in kept)
    with psycopg.connect(database.conninfo, autocommit=True) as other:
        other.execute("UPDATE security_organisation SET name = '改名后' WHERE uscc = 'A3'")
        other.execute("DELETE FROM security_organisation WHERE uscc = 'A4'")
    assert names("A3", "A4", "A5") == ["改名后", "单位5"]


def test_it_reads_in_the_transaction_under_way_and_survives_its_rollback(database):
    with transaction.atomic():
        add("B1", "未定")
        assert names("B1") == ["未定"]
        transaction.set_rollback(True)
    assert names("B1") == []


def test_it_works_in_the_role_of_the_application_and_its_errors_are_djangos(database):
    assert fetch("SELECT current_user") == [("xinshu_app",)]
    with pytest.raises(ProgrammingError):
        fetch("SELECT nothing FROM no_such_table")
    assert fetch("SELECT 1") == [(1,)]


def test_a_connection_that_broke_since_the_last_request_is_replaced(database):
    assert names("A1") == []
    with psycopg.connect(database.conninfo, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
    connection.close_if_unusable_or_obsolete()  # what the start of a request does
    assert names("A1") == []
