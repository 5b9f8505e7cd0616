"""How long something took, in words; and a text as a sentence."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def duration(seconds: float) -> str:
    """0.4 → 不到1秒; 72 → 1分12秒; 3725 → 1小时2分."""
    whole = int(seconds)
    if whole < 1:
        return "不到1秒"
    if whole < 60:
        return f"{whole}秒"
    if whole < 3600:
        return f"{whole // 60}分{whole % 60}秒"
    return f"{whole // 3600}小时{whole % 3600 // 60}分"


@register.filter
def sentence(text: str) -> str:
    """With one full stop at its end, whether it came with one or not; nothing stays nothing."""
    bare = text.rstrip("。")
    return f"{bare}。" if bare else ""
