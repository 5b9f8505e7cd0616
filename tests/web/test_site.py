"""site.yaml, and the places on the publicity bar."""

from __future__ import annotations

from datetime import date

import pytest

from xinshu.kernel.errors import ProfileInvalid
from xinshu.kernel.profiles import Profile
from xinshu.publication.domain import PublicPublicity
from xinshu.web.portal.site import Site
from xinshu.web.portal.timeline import Bar, bar, tone


def load(tmp_path, text):
    (tmp_path / "site.yaml").write_text(text, encoding="utf-8")
    return Site.load(Profile("test", (tmp_path,)))


def test_values_are_read_and_missing_ones_are_empty(tmp_path):
    assert load(tmp_path, "title: 某省平台\nicp: 某ICP备1号\n") == Site(title="某省平台", icp="某ICP备1号")


def test_a_profile_without_a_site_has_a_general_title(tmp_path):
    assert Site.load(Profile("test", (tmp_path,))) == Site()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("titel: 某省平台", id="unknown key"),
        pytest.param("phone: 12345", id="a number"),
        pytest.param("- title", id="a list"),
        pytest.param("", id="empty"),
        pytest.param("title: [", id="no YAML"),
    ],
)
def test_what_is_no_site_is_refused(tmp_path, text):
    with pytest.raises(ProfileInvalid):
        load(tmp_path, text)


def period(until=date(2027, 9, 3), repair=date(2026, 12, 3), severity="general"):
    return PublicPublicity("一般", severity, False, date(2026, 9, 3), repair, until, "办法", "文号")


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param(date(2026, 9, 3), Bar("0.0%", "24.9%", "start", "at-25"), id="first day"),
        pytest.param(date(2026, 11, 22), Bar("21.9%", "24.9%", "middle", "at-25"), id="under way"),
        pytest.param(date(2027, 9, 2), Bar("99.7%", "24.9%", "end", "at-25"), id="last day"),
    ],
)
def test_places_on_the_bar(day, expected):
    assert bar(period(), day) == expected


def test_a_bar_without_repair_or_without_an_end():
    assert bar(period(repair=None), date(2026, 11, 22)) == Bar("21.9%", "", "middle")
    assert bar(period(until=None), date(2026, 11, 22)) is None


@pytest.mark.parametrize(
    ("severity", "colour"), [("minor", "mild"), ("general", "warn"), ("serious", "bad"), ("specific_serious", "bad")]
)
def test_red_means_serious(severity, colour):
    assert tone(period(severity=severity)) == colour
