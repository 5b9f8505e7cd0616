"""The routes of the `web` process. Each view states who may call it (`xinshu.security.routes`); a test walks them."""

from __future__ import annotations

from functools import partial

from django.urls import path

from xinshu.ops import views as ops
from xinshu.project.settings import XINSHU
from xinshu.web.portal import views as portal_views
from xinshu.web.portal.routes import routes
from xinshu.web.portal.site import Portal

_PORTAL = Portal(XINSHU)

urlpatterns = [
    path("healthz", ops.healthz, name="healthz"),
    path("readyz", ops.readyz, name="readyz"),
    *routes(_PORTAL),
]
handler404 = partial(portal_views.not_found, portal=_PORTAL)
handler500 = partial(portal_views.failed, portal=_PORTAL)
