"""What the frame of every page shows: the platform's title and footer, and the day."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from xinshu.kernel.clock import shanghai_date
from xinshu.web.portal.content import Content
from xinshu.web.portal.site import Portal, Site

PORTAL = Portal(settings.XINSHU)


def frame(request: HttpRequest) -> dict[str, Site | Content | date]:
    """Context of every template: `site`, `content`, and `today` in Shanghai. What a view gives itself goes before."""
    del request  # Django names it
    return {"site": PORTAL.site, "content": PORTAL.content, "today": shanghai_date(timezone.now())}
