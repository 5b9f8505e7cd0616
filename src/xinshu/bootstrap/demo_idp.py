"""What the demonstration's identity provider is told: who the platform is to it, and who can come in."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from xinshu.bootstrap.errors import DemoProviderRefused
from xinshu.demo.numbers import citizen_number
from xinshu.kernel.settings import Settings
from xinshu.project.environment import tell_children
from xinshu.subjects.queries import search

HOST = "127.0.0.1"
_FILE = "demo-idp.json"
_FIRMS = 2
_REGION = "990101"  # nobody's, as in the demo province


def fits(settings: Settings) -> bool:
    """Whether the installation is one to be shown on its own machine: no other host name, no provider of a province."""
    return not settings.oidc_url and set(settings.allowed_hosts) <= {HOST, "localhost"}


def require_fitting(settings: Settings) -> None:
    """Raise DemoProviderRefused where somebody from outside could come in as whoever he likes."""
    if not fits(settings):
        raise DemoProviderRefused


def prepare(settings: Settings, port: int, idp_port: int) -> Path:
    """Write the provider's file, with a fresh secret, and tell the programs started from here where the provider is.

    Two people are the legal persons of two of the province's firms, a third is nobody's: a handler to be.
    """
    firms = [(each.uscc, each.name) for each in search("有限公司", limit=10) if each.uscc][:_FIRMS]
    people = [
        ("demo-legal-1", "林演示", firms[:1]),
        ("demo-legal-2", "周演示", firms[1:]),
        ("demo-handler", "陈演示", []),
    ]
    issuer, secret = f"http://{HOST}:{idp_port}", secrets.token_urlsafe(32)
    told = {
        "issuer": issuer,
        "client": {
            "id": "xinshu",
            "secret": secret,
            "returns_to": f"http://{HOST}:{port}/login/enterprise/back",
            "signed_out_to": f"http://{HOST}:{port}/login",
        },
        "people": [
            {"sub": sub, "name": name, "id_no": citizen_number(_REGION, number), "legal_person_of": held}
            for number, (sub, name, held) in enumerate(people, start=1)
        ],
    }
    path = settings.home / _FILE
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(told, file, ensure_ascii=False)
    tell_children(XINSHU_OIDC_URL=issuer, XINSHU_OIDC_CLIENT="xinshu", XINSHU_OIDC_SECRET=secret)
    return path
