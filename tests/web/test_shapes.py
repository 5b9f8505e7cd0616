"""The pure parts of the pages: numbered pages, facets, the profile's own words, the shape of a profile."""

from __future__ import annotations

from datetime import date

import pytest

from xinshu.catalogue.reference import Division, Divisions
from xinshu.kernel.errors import ProfileInvalid
from xinshu.kernel.profiles import Profile
from xinshu.publication.domain import EXPIRED, Provenance, PublicProfile, PublicRecord, PublicSection
from xinshu.subjects.domain import Hit
from xinshu.web.parts.templatetags.wording import turned
from xinshu.web.portal.content import Content
from xinshu.web.portal.hits import kind_of, narrow
from xinshu.web.portal.paging import GAP, Pager
from xinshu.web.portal.timeline import SHOWN, shape

DAY = date(2026, 11, 22)
PERMIT, PENALTY = "administrative-license", "administrative-penalty"


@pytest.mark.parametrize(
    ("asked", "page"), [("2", 2), ("", 1), ("0", 1), ("-1", 1), ("x", 1), ("999", 5), ("９", 1), ("9" * 20, 1)]
)
def test_a_page_number_is_read_from_the_address_or_is_the_nearest_there_is(asked, page):
    assert Pager.of(97, 20, asked).page == page


def test_the_last_page_shows_what_is_left():
    pager = Pager.of(97, 20, "5")
    assert (pager.first_shown, pager.last_shown, pager.last) == (81, 97, 5)


def test_an_empty_list_has_one_page_without_entries():
    pager = Pager.of(0, 20, "3")
    assert (pager.page, pager.first_shown, pager.last_shown, pager.numbers) == (1, 0, 0, [1])


def test_numbers_far_from_the_page_are_left_out():
    assert Pager.of(2000, 20, "50").numbers == [1, GAP, 48, 49, 50, 51, 52, GAP, 100]


def test_an_address_keeps_its_other_parts_and_loses_its_page():
    address = {"q": "A市", "kind": "society", "page": "3"}
    assert turned(address, "kind", "enterprise") == "?q=A%E5%B8%82&kind=enterprise"
    assert turned(address, "kind", "") == "?q=A%E5%B8%82"
    assert turned(address, "page", 4) == "?q=A%E5%B8%82&kind=society&page=4"


@pytest.fixture
def divisions():
    city = Division("990100", "A市", 2, "990000", False, ())
    county = Division("990102", "A东区", 3, "990100", False, ())
    return Divisions({each.code: each for each in (city, county)}, frozenset(("990100", "990102")), {})


def hit(code, status="存续", region="990102"):
    return Hit(code, f"主体{code}", status, "名称", region=region)


HITS = [hit("91990102A"), hit("91990102B", "注销"), hit("51990102C"), hit("92000000D", region="")]


def counts(facets, name):
    return {each.value: each.count for facet in facets if facet.name == name for each in facet.values}


def test_a_code_tells_the_kind_of_body():
    heads = ("91", "92", "93", "51", "11", "34")
    assert [kind_of(each) for each in heads] == [
        "enterprise",
        "trader",
        "cooperative",
        "society",
        "public-body",
        "other",
    ]


def test_facets_count_the_hits(divisions):
    hits, facets = narrow(HITS, {}, divisions)
    assert hits == HITS
    assert counts(facets, "kind") == {"enterprise": 2, "society": 1, "trader": 1}
    assert counts(facets, "status") == {"存续": 3, "注销": 1}


def test_a_facet_counts_what_the_other_facets_leave(divisions):
    hits, facets = narrow(HITS, {"kind": "enterprise"}, divisions)
    assert [each.uscc for each in hits] == ["91990102A", "91990102B"]
    assert counts(facets, "kind") == {"enterprise": 2, "society": 1, "trader": 1}
    assert counts(facets, "status") == {"存续": 1, "注销": 1}


def test_a_value_no_hit_has_leaves_nothing_and_is_shown_as_chosen(divisions):
    hits, facets = narrow(HITS, {"kind": "public-body"}, divisions)
    assert hits == []
    (kind,) = [each for each in facets if each.name == "kind"]
    assert [(each.value, each.count) for each in kind.values if each.chosen] == [("public-body", 0)]


def test_a_facet_with_one_value_is_not_offered(divisions):
    _, facets = narrow(HITS[:1], {}, divisions)
    assert facets == ()


def load(tmp_path, text):
    (tmp_path / "content.yaml").write_text(text, encoding="utf-8")
    return Content.load(Profile("test", (tmp_path,)))


def test_notices_stand_latest_first(tmp_path):
    notice = "  - {{name: {0}, title: 通知, day: {1}, text: [正文]}}\n"
    content = load(tmp_path, "news:\n" + notice.format("a", "2026-01-02") + notice.format("b", "2026-03-04"))
    assert [each.name for each in content.news] == ["b", "a"]


def test_a_profile_without_words_of_its_own_has_none(tmp_path):
    assert Content.load(Profile("test", (tmp_path,))) == Content()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("news: [{name: a, title: 通知, text: [正文]}]", id="notice without a date"),
        pytest.param("topics: [{name: a, title: 专栏, day: 2026-01-02, text: [正文]}]", id="date elsewhere"),
        pytest.param("topics: [{name: a, title: 专栏}]", id="nothing to show"),
        pytest.param("topics: [{name: a, title: 专栏, at: 'https://example.org/'}]", id="another website"),
        pytest.param("topics: [{name: a, title: 专栏, at: '//example.org/'}]", id="another website without scheme"),
        pytest.param("topics: [{name: a/b, title: 专栏, text: [正文]}]", id="name is no part of an address"),
        pytest.param("topics: [{name: a, title: 专栏, text: [{x: y}]}]", id="unknown passage"),
        pytest.param("topics: [{name: a, title: 专栏, text: [正文], colour: red}]", id="unknown key"),
        pytest.param("topics: [{name: a, title: 甲, text: [文]}, {name: a, title: 乙, text: [文]}]", id="same name"),
        pytest.param("posters: []", id="unknown kind"),
        pytest.param("- a", id="a list"),
        pytest.param("news: [", id="no YAML"),
    ],
)
def test_words_that_cannot_be_shown_are_refused(tmp_path, text):
    with pytest.raises(ProfileInvalid):
        load(tmp_path, text)


def record(number, item=PERMIT, ends_on=None, state=""):
    from_where = Provenance("A市生态环境局", date(2026, 1, 1), DAY, "2026.1")
    return PublicRecord(str(number), item, "许可", "排污许可证", "", "", ends_on, state, (), from_where, None)


def profile(*records, items=(PENALTY, PERMIT, "credit-commitment")):
    sections = tuple(PublicSection(item, item, tuple(r for r in records if r.item == item)) for item in items)
    return PublicProfile("", "", "", "存续", "", (), "", DAY, None, (), None, sections)


def states(shaped):
    return [entry.state and entry.state.words for year in shaped.timeline.years for entry in year.entries]


def test_a_permit_is_in_force_ends_soon_or_has_ended():
    ends = [(None, ""), (date(2031, 1, 1), ""), (date(2026, 12, 19), ""), (date(2026, 11, 1), EXPIRED)]
    shaped = shape(profile(*(record(n, PERMIT, end, state) for n, (end, state) in enumerate(ends))), {PERMIT})
    assert states(shaped) == [None, "有效期内", "27天后到期", "已过期"]


def test_the_end_of_what_is_no_permit_is_no_state():
    assert states(shape(profile(record(1, PENALTY, date(2027, 1, 1))), {PERMIT})) == [None]


def test_what_people_look_for_is_counted_at_zero_and_the_rest_is_named():
    shaped = shape(profile(record(1)), {PERMIT})
    assert [(each.item, each.number) for each in shaped.counts] == [(PERMIT, 1), (PENALTY, 0)]
    assert shaped.none == ("credit-commitment",)


def test_long_lists_show_the_latest_until_all_are_asked_for():
    many = profile(*(record(n) for n in range(SHOWN + 5)))
    shaped = shape(many, {PERMIT})
    assert (shaped.timeline.left_out, shaped.sections[0].left_out) == (5, 5)
    whole = shape(many, {PERMIT}, every=True)
    assert (whole.timeline.left_out, whole.sections[0].left_out) == (0, 0)


def test_a_timeline_of_one_item_has_only_its_records():
    both = profile(record(1), record(2, PENALTY))
    assert shape(both, {PERMIT}, item=PENALTY).timeline.total == 1
    assert shape(both, {PERMIT}, item="credit-commitment").timeline.total == 2
