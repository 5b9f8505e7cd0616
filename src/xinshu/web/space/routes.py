"""The addresses of the user space and of the enterprise's way in."""

from __future__ import annotations

from django.urls import URLPattern, path

from xinshu.web.space import entering, home
from xinshu.web.space.home import OpenGate


def routes(open_gate: OpenGate) -> list[URLPattern]:
    """The routes; the gate is opened when first needed."""
    given = {"open_gate": open_gate}
    return [
        path("login/enterprise", entering.begin, name="enterprise-login"),
        path("login/enterprise/again", entering.again, name="enterprise-again"),
        path("login/enterprise/back", entering.back, name="enterprise-callback"),
        path("me", home.home, name="space"),
        path("me/firms/<str:firm>", home.firm, name="space-firm"),
        path("me/firms/<str:firm>/looks", home.looks, given, name="space-looks"),
        path("me/firms/<str:firm>/mandates", home.give_mandate, name="space-give"),
        path("me/mandates/<uuid:mandate>/end", home.end_mandate, name="space-end"),
    ]
