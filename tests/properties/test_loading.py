"""Loading any rows twice, in any order, cut in any way, ends in the same store."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.plugins.main_path import canonical

few = settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ROW = st.tuples(st.integers(1, 3), st.integers(1, 4), st.sampled_from(["2", "3.5", "贰", ""]))


@few
@given(rows=st.lists(ROW, min_size=1, max_size=8), seed=st.randoms(use_true_random=False))
def test_what_is_loaded_again_is_unchanged(world, rows, seed):
    lines = [world.penalty(who, 10 * who + number, **{"罚款金额（万元）": amount}) for who, number, amount in rows]
    first = world.penalise(lines)
    assert first.rows == first.new + first.updated + first.unchanged + first.doubtful + first.duplicates == len(lines)
    before = canonical(world.desk)
    again = world.penalise(lines, at="2026-09-09")
    assert (again.rows, again.new, again.updated) in {(first.rows, 0, 0), (first.rows, first.new, first.updated)}
    assert canonical(world.desk) == before
    good = list(
        {
            line["行政处罚决定书文号"]: line for line in reversed(lines) if line["罚款金额（万元）"] in ("2", "3.5")
        }.values()
    )
    if good:
        seed.shuffle(good)
        world.penalise(good, at="2026-09-10")
        settled = canonical(world.desk)
        report = world.penalise(sorted(good, key=str), at="2026-09-11")
        assert report.new + report.updated == 0 or report.repeated
        assert canonical(world.desk) == settled
