"""The routes of the `gateway` process. Each view states who may call it; a test walks them."""

from __future__ import annotations

from functools import cache, partial

from django.conf import settings
from django.urls import URLPattern, path

from xinshu.collection.services import Desk
from xinshu.disclosure.gate import Gate
from xinshu.gateway import problems
from xinshu.gateway.openapi import document_route
from xinshu.gateway.routes import query_routes, routes
from xinshu.gateway.subjects import subject_routes
from xinshu.kernel.profiles import open_profile
from xinshu.ops import views as ops
from xinshu.publication.queries import PublicReference

urlpatterns: list[URLPattern] = [
    path("healthz", ops.healthz, name="healthz"),
    path("readyz", ops.readyz, name="readyz"),
    *routes(cache(partial(Desk.open, settings.XINSHU))),
    *query_routes(cache(partial(Gate.open, settings.XINSHU))),
    *subject_routes(
        cache(lambda: PublicReference.load(open_profile(settings.XINSHU.profile, settings.XINSHU.profiles_dir)))
    ),
]
urlpatterns.append(document_route(lambda: urlpatterns))
handler404 = problems.not_found
handler500 = problems.failed
