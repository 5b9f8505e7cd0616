"""The routes of the `web` process. Each view states who may call it (`xinshu.security.routes`); a test walks them."""

from __future__ import annotations

from django.urls import path

from xinshu.ops import views as ops

urlpatterns = [
    path("healthz", ops.healthz, name="healthz"),
    path("readyz", ops.readyz, name="readyz"),
]
