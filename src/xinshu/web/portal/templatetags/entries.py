"""What stands with every record of a subject's page: the tags behind its title, the box about its publicity.

In Python for the reason given in `parts/templatetags/blocks.py`; every value is escaped here.
"""

from __future__ import annotations

from datetime import date
from html import escape

from django import template
from django.utils.safestring import SafeString

from xinshu.publication.domain import PublicPublicity
from xinshu.web.parts.templatetags.wording import icon, month_day, prose
from xinshu.web.portal.timeline import Bar, Entry

register = template.Library()

_BOX = """<div class="pubbox">
<p class="pubbox__lead">{lead}</p>
{drawing}
<dl class="pub__ends"><div><dt>公示起</dt><dd>{since}</dd></div>{earliest}{end}</dl>
<p class="pubbox__rule">依据《{rule_set}》（{document}）{default}。</p>
</div>
<div class="tl__acts">{acts}<a href="#r-{record}">查看全部公示内容</a><span class="hint small free-tag">修复与异议免费</span></div>"""
_DRAWING = """<svg class="pub" role="img" aria-label="公示期自{since}起{least}，最长至{until}，今天为{today}" width="100%" height="40">
<text class="pub__today" x="{bar.today}" y="14" text-anchor="{bar.anchor}">今天 {day}</text>
{before}<rect class="pub__gone" x="0" y="22" width="{bar.today}" height="14"/>{after}
</svg>"""


@register.simple_tag
def tags(entry: Entry) -> SafeString:
    """The class of the publicity, and whether a permit is in force."""
    shown = []
    if entry.record.publicity:
        shown.append(_tag(entry.tone, "alert", entry.record.publicity.severity))
    if entry.state:
        shown.append(_tag(entry.state.tone, entry.state.icon, entry.state.words))
    return SafeString("".join(shown))


def _tag(tone: str, drawn: str, words: str) -> str:
    return f'<span class="tag{f" tag--{tone}" if tone else ""}">{icon(drawn)}{escape(words)}</span>'


@register.simple_tag
def publicity_box(entry: Entry, today: date, repair: str, objection: str) -> SafeString:
    """How long the record is shown, since when it may be repaired, by what rule. Nothing for one without such a period.

    `repair`, `objection`: addresses of the pages about them, empty for none.
    """
    publicity = entry.record.publicity
    if publicity is None:
        return SafeString("")
    step = f' class="{entry.bar.step}"' if entry.bar and entry.bar.step else ""
    earliest, until = publicity.repair_from, publicity.until
    box = _BOX.format(
        lead=_lead(entry, publicity),
        drawing=_drawing(entry.bar, publicity, today) if entry.bar else "",
        since=publicity.since,
        earliest=f"<div{step}><dt>最短公示期满，可申请修复</dt><dd>{earliest}</dd></div>" if earliest else "",
        end=f"<div><dt>最长公示期满</dt><dd>{until}</dd></div>" if until else "",
        rule_set=escape(publicity.rule_set),
        document=escape(publicity.document),
        default=f"；认定单位未确定失信程度，按默认类别“{escape(publicity.severity)}”" if publicity.stands_in else "",
        acts=_acts(repair if entry.days is not None else "", objection),
        record=escape(entry.record.id),
    )
    return SafeString(box)


def _lead(entry: Entry, publicity: PublicPublicity) -> str:
    if entry.days is None or publicity.repair_from is None:
        return "公示期满前不能申请提前终止公示"
    if entry.days:
        return f"最早可于<b>{prose(publicity.repair_from)}</b>申请修复（还有{entry.days}天）"
    return "最短公示期已满，<b>可申请修复</b>"


def _drawing(bar: Bar, publicity: PublicPublicity, today: date) -> str:
    """The period as a bar: the shortest part of it, the part that is over, today."""
    at = bar.earliest
    return _DRAWING.format(
        bar=bar,
        since=publicity.since,
        least=f"，最短公示期至{publicity.repair_from}" if publicity.repair_from else "",
        until=publicity.until,
        today=today,
        day=month_day(today),
        before=f'<rect class="pub__least" x="0" y="22" width="{at}" height="14"/>' if at else "",
        after=f'<rect class="pub__mark" x="{at}" y="19" width="2" height="20"/>' if at else "",
    )


def _acts(repair: str, objection: str) -> str:
    how = f'<a class="btn" href="{escape(repair)}">{icon("repair")}如何修复</a>' if repair else ""
    return how + (f'<a class="btn" href="{escape(objection)}">提出异议</a>' if objection else "")
