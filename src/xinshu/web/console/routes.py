"""The addresses of the console and of signing in and out."""

from __future__ import annotations

from django.urls import URLPattern, path

from xinshu.web.console import account, audit, batch, entering, iam, own_account, submit
from xinshu.web.console.desk import OpenDesk


def routes(open_desk: OpenDesk) -> list[URLPattern]:
    """The routes; views that work on data are given the desk, which is opened when first needed."""
    given = {"open_desk": open_desk}
    own = "c/submit/<str:label>"
    return [
        path("login", account.sign_in, name="account_login"),
        path("logout", account.sign_out, name="account_logout"),
        path("login/code", entering.second_factor, name="mfa_authenticate"),
        path("login/factor", entering.set_up_factor, name="sign-in-factor"),
        path("login/password", entering.new_password, name="sign-in-password"),
        path("c/account", own_account.account, name="account"),
        path("c/account/password", own_account.password, name="account-password"),
        path("c/account/app", own_account.app, name="account-app"),
        path("c/account/recovery", own_account.recovery, name="account-recovery"),
        path("c/account/key", own_account.key, name="account-key"),
        path("c/account/key/<int:number>/remove", own_account.remove_key, name="account-key-remove"),
        path("c/account/sessions/<str:name>/end", own_account.end_session, name="account-session-end"),
        path("c/step-up", own_account.step_up, name="step-up"),
        path("c/iam", iam.iam, name="iam"),
        path("c/iam/accounts", iam.make_account, name="iam-account"),
        path("c/iam/accounts/<uuid:user>", iam.switch, name="iam-switch"),
        path("c/iam/changes", iam.put_forward, name="iam-propose"),
        path("c/iam/changes/<uuid:change>", iam.settle, name="iam-settle"),
        *audit.routes(open_desk),
        path("c", submit.start, name="console"),
        path("c/submit", submit.submit, given, name="console-submit"),
        path("c/submit/template", submit.template, given, name="console-template"),
        path("c/tray", submit.tray, given, name="console-tray"),
        path("c/watermark.svg", submit.watermark, name="console-watermark"),
        path(own, batch.batch, given, name="console-batch"),
        path(f"{own}/confirm", batch.confirm, given, name="console-confirm"),
        path(f"{own}/progress", batch.progress, given, name="console-progress"),
        path(f"{own}/findings.csv", batch.findings_file, given, name="console-findings"),
        path(f"{own}/annotated.xlsx", batch.annotated, given, name="console-annotated"),
    ]
