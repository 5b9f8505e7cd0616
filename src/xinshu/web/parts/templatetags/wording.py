"""How figures and days are written on a page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from urllib.parse import urlencode

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from xinshu.kernel.clock import SHANGHAI
from xinshu.quality.domain import per_cent

register = template.Library()

_WEEKDAYS = "一二三四五六日"


@register.filter
def rate(value: float | None) -> str:
    """0.964 → 96.4%; — where there is none."""
    return per_cent(value)


@register.filter
def count(value: int) -> str:
    """12345 → 12,345."""
    return f"{value:,}"


@register.filter
def prose(day: date) -> str:
    """A day in a sentence: 2026年11月22日."""
    return f"{day.year}年{day.month}月{day.day}日"


@register.filter
def weekday(day: date) -> str:
    """星期日."""
    return f"星期{_WEEKDAYS[day.weekday()]}"


@register.filter
def iso(day: date | None) -> str:
    """A day in a table: 2026-11-22; empty where there is none."""
    return "" if day is None else day.isoformat()


@register.filter
def month_day(day: date | None) -> str:
    """11-22."""
    return "" if day is None else f"{day:%m-%d}"


@register.filter
def minute(moment: datetime) -> str:
    """A moment in Shanghai: 2026-11-22 06:00."""
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


@register.filter
def styles(names: str, room: str) -> list[str]:
    """The style sheets of the components named, separated by spaces, as paths of static files of that room."""
    return [f"{room}/{name}.css" for name in names.split()]


@register.simple_tag
@lru_cache(1_000)
def icon(name: str) -> SafeString:
    """The drawing of that name, for a place with its own words."""
    return format_html('<svg class="i" aria-hidden="true"><use href="{}#{}"/></svg>', static("parts/icons.svg"), name)


@register.simple_tag
def turned(address: Mapping[str, str], name: str, value: str | int) -> str:
    """The query `?…` of an address with one part changed; an empty value takes it out. The page number goes with it."""
    kept = {each: text for each, text in address.items() if each not in {"page", name} and text}
    if value != "":
        kept[name] = str(value)
    return f"?{urlencode(kept)}"
