"""Blocks written in Python escape every value themselves."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from html.parser import HTMLParser

import pytest

from xinshu.publication.domain import Provenance, PublicField, PublicPublicity, PublicRecord
from xinshu.web.parts.templatetags.blocks import facts, provenance
from xinshu.web.portal.templatetags.entries import publicity_box, tags
from xinshu.web.portal.timeline import Bar, State, entry

HOSTILE = "\"'><script>alert(1)</script>&"
DAY = date(2026, 11, 22)
PUBLICITY = PublicPublicity(
    "一般", "general", True, date(2026, 9, 3), date(2026, 12, 3), date(2027, 9, 3), "办法", "文〔2026〕1号"
)
_SVG = {"use", "rect"}


def record(publicity=PUBLICITY, **changes) -> PublicRecord:
    source = Provenance("A局", date(2026, 9, 3), date(2026, 9, 8), "2026.1")
    whole = PublicRecord("R1", "penalty", "处罚", "题", "号", "局", None, "", (), source, publicity)
    return replace(whole, **changes)


def hostile(thing):
    """With every text of it hostile."""
    return replace(
        thing, **{each.name: HOSTILE for each in fields(thing) if isinstance(getattr(thing, each.name), str)}
    )


class Names(HTMLParser):
    """The elements of a text and the text between them; checks that they close in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in _SVG
        self.elements.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text += data


def shown(html: str, *values: str) -> None:
    """The values are text of it, and nothing else."""
    read = Names(html)
    assert "script" not in read.elements
    assert not {name for name in read.attributes if name.startswith("on")}
    for value in values:
        assert value in read.text


def test_facts_and_provenance_escape_their_values():
    shown(facts([PublicField(HOSTILE, HOSTILE)]), HOSTILE)
    shown(provenance(hostile(record().provenance)), HOSTILE)


def test_tags_and_the_box_escape_theirs():
    one = entry(record(hostile(PUBLICITY), id=HOSTILE), DAY, ())
    shown(tags(replace(one, state=State(HOSTILE, "", "ban"))), HOSTILE)
    shown(publicity_box(one, DAY, f"/{HOSTILE}", f"/{HOSTILE}"), f"《{HOSTILE}》", f"默认类别“{HOSTILE}”")


def test_a_long_fact_has_a_row_of_its_own():
    assert facts([PublicField("处罚内容", "长" * 41)]).startswith('<div class="is-long">')
    assert facts([PublicField("处罚内容", "长" * 40)]).startswith("<div><dt>")


@pytest.mark.parametrize(
    ("change", "lead", "repair"),
    [
        pytest.param({}, "最早可于2026年12月3日申请修复（还有11天）", True, id="to come"),
        pytest.param({"repair_from": date(2026, 11, 22)}, "最短公示期已满，可申请修复", True, id="from today"),
        pytest.param({"repair_from": None}, "公示期满前不能申请提前终止公示", False, id="never"),
    ],
)
def test_the_box_says_when_repair_may_be_asked_for(change, lead, repair):
    box = Names(publicity_box(entry(record(replace(PUBLICITY, **change)), DAY, ()), DAY, "/services/repair", ""))
    assert lead in box.text
    assert ("如何修复" in box.text) is repair
    assert "提出异议" not in box.text
    assert "依据《办法》（文〔2026〕1号）；认定单位未确定失信程度，按默认类别“一般”。" in box.text
    assert ("最短公示期满" in box.text) is (change != {"repair_from": None})


def test_a_period_without_an_end_has_no_bar_and_a_record_without_one_no_box():
    box = publicity_box(entry(record(replace(PUBLICITY, until=None)), DAY, ()), DAY, "", "")
    assert "svg class" not in box
    assert "最长公示期满" not in box
    assert publicity_box(entry(record(None), DAY, ()), DAY, "/a", "/b") == tags(entry(record(None), DAY, ())) == ""


def test_the_bar_has_its_three_places():
    one = replace(entry(record(), DAY, ()), bar=Bar("21.9%", "24.9%", "middle", "at-25"))
    box = publicity_box(one, DAY, "", "")
    assert '<text class="pub__today" x="21.9%" y="14" text-anchor="middle">今天 11-22</text>' in box
    assert '<rect class="pub__least" x="0" y="22" width="24.9%" height="14"/>' in box
    assert '<div class="at-25"><dt>最短公示期满，可申请修复</dt><dd>2026-12-03</dd></div>' in box
