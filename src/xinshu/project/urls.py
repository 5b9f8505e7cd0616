"""The routes of the `web` process. Each view states who may call it (`xinshu.security.routes`); a test walks them."""

from __future__ import annotations

from functools import cache, partial

from django.conf import settings
from django.urls import path

from xinshu.collection.services import Desk
from xinshu.disclosure.gate import Gate
from xinshu.ops import views as ops
from xinshu.project.frame import PORTAL
from xinshu.web.console import account, card, paper, query
from xinshu.web.console import routes as console
from xinshu.web.portal import failures
from xinshu.web.portal.routes import routes
from xinshu.web.space import consents
from xinshu.web.space import routes as space

OPEN_GATE = cache(partial(Gate.open, settings.XINSHU))
urlpatterns = [
    path("healthz", ops.healthz, name="healthz"),
    path("readyz", ops.readyz, name="readyz"),
    *routes(PORTAL),
    *console.routes(cache(partial(Desk.open, settings.XINSHU))),
    *query.routes(OPEN_GATE),
    *card.routes(OPEN_GATE),
    *paper.routes(OPEN_GATE),
    *space.routes(OPEN_GATE),
    *consents.routes(OPEN_GATE),
]
handler403 = partial(failures.denied, portal=PORTAL)
handler404 = partial(failures.not_found, portal=PORTAL)
handler429 = account.too_many
handler500 = partial(failures.failed, portal=PORTAL)
