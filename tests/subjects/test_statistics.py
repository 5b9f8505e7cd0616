"""After a registration the registry is quick to look up at once, not when autovacuum comes by."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection

from xinshu.subjects import services


def known() -> tuple[float, float]:
    """Rows the planner believes the two tables to have; -1: it knows nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reltuples FROM pg_class WHERE relname IN ('subjects_subject', 'subjects_subjectname') ORDER BY relname"
        )
        return tuple(row[0] for row in cursor.fetchall())


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(services, "_WORTH_STATISTICS", 5)


def test_a_large_registration_has_statistics_made(world, few):
    world.register([world.registration(number) for number in range(1, 41)])
    assert known()[0] == 40
    assert known()[1] >= 40


def test_a_small_addition_does_not(world, few):
    world.register([world.registration(number) for number in range(1, 101)])
    world.register([world.registration(number) for number in range(201, 207)], at="2026-09-02")
    assert known()[0] == 100


def test_a_handful_is_not_worth_it(world):
    before = known()
    world.register([world.registration(1)])
    assert known() == before
    assert services.settle(999) is False


def test_nothing_waits_to_be_put_into_the_indexes_of_names(world, database):
    with psycopg.connect(database.conninfo, autocommit=True) as owner:
        world.register([world.registration(number) for number in range(1, 41)])
        assert put_into_indexes(owner) == (0, 0)
        owner.execute("UPDATE subjects_subjectname SET name_norm = name_norm || '甲乙'")
        assert put_into_indexes(owner)[0] > 0


def put_into_indexes(owner: psycopg.Connection) -> tuple[int, int]:
    """Put into the two indexes what waits, as a vacuum would; how many pages had waited in each."""
    clean = "SELECT gin_clean_pending_list('subjects_name_bigrams'), gin_clean_pending_list('subjects_name_reading')"
    return owner.execute(clean).fetchone()
