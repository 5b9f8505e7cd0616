"""Merge and un-merge: a judgement beside the records. Expectations written by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from tests.plugins.main_path import canonical

MERGED = datetime(2026, 9, 10, 4, tzinfo=UTC)
UNDONE = datetime(2026, 9, 20, 4, tzinfo=UTC)


@pytest.fixture
def two(world):
    """Two enterprises with one penalty each, and their ids."""
    from xinshu.subjects.queries import find_subject

    world.register([world.registration(1), world.registration(2)])
    world.penalise([world.penalty(1, 1), world.penalty(2, 2)])
    return world, find_subject(world.company(1)).id, find_subject(world.company(2)).id


def test_unmerging_restores_both_exactly_and_keeps_the_trail(two):
    from xinshu.subjects.models import Merge
    from xinshu.subjects.services import merge, undo_merge

    world, first, second = two
    before = canonical(world.desk, batches=True)
    made = merge(second, first, reason="登记机关函〔2026〕3号", by="tester", now=MERGED)
    merged = canonical(world.desk, batches=True)
    assert set(merged) - set(before) == {
        f'{{"kind": "merge", "loser": "{world.company(2)}", "reason": "登记机关函〔2026〕3号", "winner": "{world.company(1)}"}}'
    }
    undo_merge(made.id, reason="函件撤回", by="tester", now=UNDONE)
    assert canonical(world.desk, batches=True) == before
    kept = Merge.objects.get()
    assert (kept.reason, kept.undo_reason, kept.merged_at, kept.undone_at) == (
        "登记机关函〔2026〕3号",
        "函件撤回",
        MERGED,
        UNDONE,
    )


def test_who_belonged_together_can_be_asked_for_any_moment(two):
    from xinshu.subjects.queries import one_subject
    from xinshu.subjects.services import merge, undo_merge

    _, first, second = two
    made = merge(second, first, reason="同一企业", by="tester", now=MERGED)
    undo_merge(made.id, reason="判断有误", by="tester", now=UNDONE)
    assert one_subject(first, datetime(2026, 9, 9, tzinfo=UTC)) == [first]
    assert one_subject(first, datetime(2026, 9, 15, tzinfo=UTC)) == [first, second]
    assert one_subject(first, datetime(2026, 9, 21, tzinfo=UTC)) == [first]
    assert one_subject(first) == [first]


def test_new_records_of_either_code_are_on_the_winners_side_while_merged(two):
    from xinshu.records.queries import records_of
    from xinshu.subjects.queries import one_subject
    from xinshu.subjects.services import merge, undo_merge

    world, first, second = two
    made = merge(second, first, reason="同一企业", by="tester", now=MERGED)
    world.penalise([world.penalty(2, 3, 处罚决定日期="2026-09-04")], at="2026-09-11")
    assert len(records_of(one_subject(first), scope="all", known_at=None)) == 5  # two registrations, three penalties
    undo_merge(made.id, reason="判断有误", by="tester", now=UNDONE)
    assert len(records_of(one_subject(first), scope="all", known_at=None)) == 2
    assert len(records_of(one_subject(second), scope="all", known_at=None)) == 3


REFUSED = {
    "itself": lambda merge, _undo, first, _second, _made: merge(first, first, reason="同一企业", by="t", now=MERGED),
    "merged already": lambda merge, _undo, first, second, _made: merge(second, first, reason="再", by="t", now=MERGED),
    "unknown": lambda merge, _undo, first, _second, _made: merge(UUID(int=1), first, reason="同", by="t", now=MERGED),
    "no reason": lambda merge, _undo, first, second, _made: merge(first, second, reason=" ", by="t", now=MERGED),
    "undone without a reason": lambda _merge, undo, _first, _second, made: undo(made, reason="", by="t", now=UNDONE),
    "no such merge": lambda _merge, undo, _first, _second, made: undo(made + 1, reason="判断有误", by="t", now=UNDONE),
}


@pytest.mark.parametrize("attempt", REFUSED.values(), ids=REFUSED)
def test_what_is_refused_changes_nothing(two, attempt):
    from xinshu.subjects.errors import MergeRefused
    from xinshu.subjects.services import merge, undo_merge

    world, first, second = two
    made = merge(second, first, reason="同一企业", by="tester", now=MERGED)
    before = canonical(world.desk)
    with pytest.raises(MergeRefused):
        attempt(merge, undo_merge, first, second, made.id)
    assert canonical(world.desk) == before


def test_a_merge_is_undone_once(two):
    from xinshu.subjects.errors import MergeRefused
    from xinshu.subjects.services import merge, undo_merge

    _, first, second = two
    made = merge(second, first, reason="同一企业", by="tester", now=MERGED)
    undo_merge(made.id, reason="判断有误", by="tester", now=UNDONE)
    with pytest.raises(MergeRefused):
        undo_merge(made.id, reason="判断有误", by="tester", now=UNDONE)


def test_merges_that_lead_in_a_circle_end(two):
    """No judgement leads there today; a page that never ends would be worse than one that is wrong."""
    from xinshu.subjects.models import Merge
    from xinshu.subjects.queries import one_subject

    _, first, second = two
    for loser, winner in ((first, second), (second, first)):
        Merge.objects.create(loser_id=loser, winner_id=winner, reason="", merged_at=MERGED, merged_by="")
    assert set(one_subject(first)) == {first, second}
