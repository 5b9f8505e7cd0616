"""Blocks that stand many times on a page. In Python, since a template takes ten times as long; each escapes its values."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Protocol

from django import template
from django.utils.safestring import SafeString

from xinshu.publication.domain import Provenance

register = template.Library()

_LONG = 40  # characters from which a value has a row of its own


class _Field(Protocol):
    @property
    def title(self) -> str: ...

    @property
    def value(self) -> str: ...


@register.simple_tag
def facts(fields: Iterable[_Field]) -> SafeString:
    """Rows of a description list: a heading and a value each."""
    return SafeString("".join(_fact(each.title, each.value) for each in fields))


def _fact(title: str, value: str) -> str:
    long = ' class="is-long"' if len(value) > _LONG else ""
    return f"<div{long}><dt>{escape(title)}</dt><dd>{escape(value)}</dd></div>"


@register.simple_tag
def provenance(of: Provenance) -> SafeString:
    """One line: the unit that supplied it, the dates, the version of the catalogue."""
    told = [("来源单位", of.source)]
    if of.event_date:
        told.append(("事件日期", of.event_date.isoformat()))
    told.append(("入库日期", of.received_on.isoformat()))
    if of.catalogue_version:
        told.append(("目录版本", of.catalogue_version))
    return SafeString(
        f'<p class="prov">{"".join(f"<span>{title} <b>{escape(value)}</b></span>" for title, value in told)}</p>'
    )
