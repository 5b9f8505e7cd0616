"""Doubts that their supplier has confirmed: the rows are loaded and marked; errors, duplicates and totals stay as they are."""

from __future__ import annotations

import pytest

from xinshu.collection.channels.errors import NothingInDoubt
from xinshu.collection.channels.handing_in import confirm_doubts
from xinshu.collection.channels.loading import load_hand_in
from xinshu.collection.models import Batch, DoubtfulRow, HandIn, StoredFinding
from xinshu.collection.results import confirmation_of, totals_of
from xinshu.collection.services import receive
from xinshu.kernel.clock import parse_as_of

ITEM = "administrative-penalty"
YUAN = {"罚款金额（万元）": "20000"}
LATER = parse_as_of("2026-09-09")


def totals(report):
    return (report.rows, report.new, report.updated, report.unchanged, report.doubtful, report.duplicates)


@pytest.fixture
def stocked(world):
    world.register([world.registration(n) for n in range(1, 6)])
    return world


@pytest.fixture
def take(stocked):
    """Load penalties, with the supplier's word for what is in doubt or without."""

    def load(rows, *, confirmed, at="2026-09-08"):
        path = rows if hasattr(rows, "open") else stocked.file(rows)
        item = stocked.desk.catalogue[ITEM]
        moment = parse_as_of(at)
        return receive(stocked.desk, path, item=item, source=stocked.source, received_at=moment, confirmed=confirmed)

    return load


def levels(batch):
    found = StoredFinding.objects.filter(batch__label=batch, row_no__gt=0).order_by("row_no", "rule")
    return [(each.row_no, each.rule, each.level) for each in found]


def test_a_confirmed_file_loads_what_was_only_in_doubt(stocked, take):
    path = stocked.file(
        [
            stocked.penalty(1),
            stocked.penalty(2, 2, **YUAN),
            stocked.penalty(3, 3, 处罚决定日期="2026.9.3.1", **YUAN),
            stocked.penalty(4, 4, 行政处罚决定书文号="无字号甲"),
        ]
    )
    first = take(path, confirmed=False)
    assert totals(first) == (4, 1, 0, 0, 3, 0)
    second = take(path, confirmed=True, at="2026-09-09")
    assert totals(second) == (4, 2, 0, 1, 1, 0)
    assert not second.repeated
    assert take(path, confirmed=True, at="2026-09-10").repeated
    assert levels(second.batch) == [
        (3, "amount.unit", "warning"),
        (4, "amount.unit", "warning"),
        (4, "date.format", "error"),
        (5, "document_no.shape", "warning"),
    ]
    assert [level for _, rule, level in levels(first.batch) if rule == "amount.unit"] == ["doubt", "doubt"]
    assert list(DoubtfulRow.objects.filter(batch__label=second.batch).values_list("row_no", flat=True)) == [4]


def test_rows_of_one_key_in_doubt_do_not_meet_in_the_store(stocked, take):
    path = stocked.file([stocked.penalty(1, 2, **YUAN), stocked.penalty(1, 2, **YUAN)])
    assert totals(take(path, confirmed=False)) == (2, 0, 0, 0, 2, 0)
    assert totals(take(path, confirmed=True)) == (2, 1, 0, 0, 0, 1)


def test_a_doubt_of_the_store_is_confirmed_too(stocked, take):
    take([stocked.penalty(1, 1)], confirmed=False)
    path = stocked.file([stocked.penalty(1, 2)])
    assert totals(take(path, confirmed=False)) == (1, 0, 0, 0, 1, 0)
    second = take(path, confirmed=True)
    assert totals(second) == (1, 1, 0, 0, 0, 0)
    assert levels(second.batch) == [(2, "duplicate.similar", "warning")]


def test_a_name_that_is_not_the_registered_one_is_an_error_and_stays_held(stocked, take):
    path = stocked.file([stocked.penalty(1, 1, 行政相对人名称="B市无关贸易有限公司")])
    assert totals(take(path, confirmed=True)) == (1, 0, 0, 0, 1, 0)


def test_the_supplier_s_word_is_a_hand_in_of_the_same_file(stocked, take):
    report = take([stocked.penalty(1), stocked.penalty(2, 2, **YUAN)], confirmed=False)
    batch = Batch.objects.get(label=report.batch)
    made = confirm_doubts(stocked.desk, batch, sender="17", now=LATER)
    assert (made.sender, made.state, made.batch.confirmed, made.batch.digest) == ("17", "queued", True, batch.digest)
    assert confirm_doubts(stocked.desk, batch, sender="18", now=LATER) == made
    load_hand_in(stocked.desk, made.id)
    found = confirmation_of(batch)
    assert (found.state, found.new, found.unchanged, totals_of(found).doubts) == ("loaded", 1, 1, 0)
    assert confirm_doubts(stocked.desk, batch, sender="18", now=LATER).id == made.id
    assert HandIn.objects.count() == 1
    batch.refresh_from_db()
    assert totals_of(batch).doubts == 1


def test_nothing_but_doubts_can_be_confirmed(stocked, take):
    report = take([stocked.penalty(1), stocked.penalty(2, 2, 处罚决定日期="2026.9.3.1", **YUAN)], confirmed=False)
    with pytest.raises(NothingInDoubt):
        confirm_doubts(stocked.desk, Batch.objects.get(label=report.batch), sender="17", now=LATER)
    again = take([stocked.penalty(3, 3, **YUAN)], confirmed=True)
    with pytest.raises(NothingInDoubt):
        confirm_doubts(stocked.desk, Batch.objects.get(label=again.batch), sender="17", now=LATER)
    assert not HandIn.objects.exists()
