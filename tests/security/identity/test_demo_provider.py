"""The demonstration's provider: told in a file of its own, and never beside a platform that others can reach."""

from __future__ import annotations

import os
import stat
from dataclasses import replace

import pytest

from xinshu.bootstrap.demo_idp import fits, prepare, require_fitting
from xinshu.bootstrap.errors import DemoProviderRefused
from xinshu.demo.identity_provider import read_people
from xinshu.project.environment import read_settings


def test_its_file_is_for_the_program_alone_and_the_children_are_told(world, monkeypatch):
    for name in ("XINSHU_OIDC_URL", "XINSHU_OIDC_CLIENT", "XINSHU_OIDC_SECRET"):
        monkeypatch.setenv(name, "")
    world.register([world.registration(number) for number in (1, 2)])
    settings = replace(world.desk.settings, oidc_url="")
    first = prepare(settings, 8000, 8002)
    issuer, client, people = read_people(first)
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert (issuer, client.returns_to) == ("http://127.0.0.1:8002", "http://127.0.0.1:8000/login/enterprise/back")
    assert (os.environ["XINSHU_OIDC_URL"], os.environ["XINSHU_OIDC_SECRET"]) == (issuer, client.secret)
    held = [uscc for each in people for uscc, _ in each.legal_person_of]
    assert sorted(held) == sorted(world.company(number) for number in (1, 2))
    assert read_people(prepare(settings, 8000, 8002))[1].secret != client.secret


@pytest.mark.parametrize(
    "changes",
    [
        {"allowed_hosts": ("127.0.0.1", "credit.example")},
        {"allowed_hosts": ("*",)},
        {"oidc_url": "https://sso.example"},
    ],
    ids=["a host name", "any host name", "a province's provider"],
)
def test_where_others_can_come_it_is_refused(changes):
    local = replace(read_settings(), allowed_hosts=("127.0.0.1", "localhost"), oidc_url="")
    assert fits(local)
    with pytest.raises(DemoProviderRefused):
        require_fitting(replace(local, **changes))
