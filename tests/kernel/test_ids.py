"""Surrogate and public ids."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinshu.kernel.ids import is_public_id, public_id, read_public_id, uuid7, uuid7_batch

NOW = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)


def test_the_example_of_the_rfc():
    """RFC 9562 appendix A.6: 2022-02-22 14:22:22 GMT-5, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F."""
    tail = (0xCC3 << 62) | 0x18C4DC0C0C07398F
    assert uuid7(NOW, (tail << 6).to_bytes(10, "big")) == UUID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")


@given(
    st.integers(0, 2**47).map(lambda ms: (ms, datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms))),
    st.binary(min_size=10, max_size=16),
)
def test_version_and_variant_are_right_for_any_instant(instant, random):
    milliseconds, now = instant
    made = uuid7(now, random)
    assert (made.version, made.variant) == (7, RFC_4122)
    assert made.int >> 80 == milliseconds


@pytest.mark.parametrize(
    ("now", "random", "problem"),
    [
        pytest.param(NOW.replace(tzinfo=None), None, "time zone", id="no time zone"),
        pytest.param(NOW.replace(year=1969), None, "1970", id="before 1970"),
        pytest.param(NOW, b"short", "random", id="too little randomness"),
    ],
)
def test_refused(now, random, problem):
    with pytest.raises(ValueError, match=problem):
        uuid7(now, random)


def test_a_batch_is_strictly_increasing_and_of_the_instant():
    batch = uuid7_batch(NOW, 5000)
    assert len(batch) == 5000
    assert all(one < other for one, other in pairwise(batch))
    assert {(each.version, each.variant, each.int >> 80) for each in batch} == {(7, RFC_4122, uuid7(NOW).int >> 80)}


def test_a_batch_from_the_highest_randomness_does_not_touch_the_time():
    batch = uuid7_batch(NOW, 1000, lambda size: b"\xff" * size)
    assert {(each.version, each.variant, each.int >> 80) for each in batch} == {(7, RFC_4122, uuid7(NOW).int >> 80)}
    assert len(set(batch)) == 1000


def test_two_batches_of_one_instant_share_no_id():
    assert not set(uuid7_batch(NOW, 1000)) & set(uuid7_batch(NOW, 1000))


@pytest.mark.parametrize("count", [-1, 2**31 + 1])
def test_a_batch_out_of_range_is_refused(count):
    with pytest.raises(ValueError, match="range"):
        uuid7_batch(NOW, count)


def test_an_empty_batch():
    assert uuid7_batch(NOW, 0) == []


def test_a_public_id_is_stable():
    """Kept in addresses for ever: this value may never change."""
    assert public_id(UUID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")) == "9RQ24HVKGFZJ2BD8"


def test_public_ids_are_unique_and_well_formed():
    made = [public_id(each) for each in uuid7_batch(NOW, 5000)]
    assert len(set(made)) == 5000
    assert all(map(is_public_id, made))


@given(st.uuids())
def test_what_people_type_is_read(value):
    canonical = public_id(value)
    typed = f" {canonical[:4]}-{canonical[4:8]} {canonical[8:]} ".lower().replace("1", "l").replace("0", "o")
    assert read_public_id(typed) == canonical


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "0123456789ABCDE",
        "0123456789ABCDEFG",
        "0123456789ABCDEU",
        "０123456789ABCDE",
        "91320594123456788 6",
        "'; DROP TABLE x",
    ],
)
def test_other_texts_are_no_public_id(bad):
    assert not is_public_id(bad)
    assert read_public_id(bad) is None


def test_the_canonical_form_is_strict():
    assert not is_public_id("0123456789abcdef")
    assert not is_public_id("0123456789ABCDEF\n")
