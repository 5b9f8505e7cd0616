"""The addresses of the console and of signing in and out."""

from __future__ import annotations

from django.urls import URLPattern, path

from xinshu.web.console import account, batch, submit
from xinshu.web.console.desk import OpenDesk


def routes(open_desk: OpenDesk) -> list[URLPattern]:
    """The routes; views that work on data are given the desk, which is opened when first needed."""
    given = {"open_desk": open_desk}
    own = "c/submit/<str:label>"
    return [
        path("login", account.sign_in, name="account_login"),
        path("logout", account.sign_out, name="account_logout"),
        path("c", submit.start, name="console"),
        path("c/submit", submit.submit, given, name="console-submit"),
        path("c/submit/template", submit.template, given, name="console-template"),
        path("c/tray", submit.tray, given, name="console-tray"),
        path("c/watermark.svg", submit.watermark, name="console-watermark"),
        path(own, batch.batch, given, name="console-batch"),
        path(f"{own}/progress", batch.progress, given, name="console-progress"),
        path(f"{own}/findings.csv", batch.findings_file, given, name="console-findings"),
        path(f"{own}/annotated.xlsx", batch.annotated, given, name="console-annotated"),
    ]
