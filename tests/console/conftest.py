"""The console over a world of its own: its URLconf is given the world's desk."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest
from django.test import Client, override_settings
from django.urls import clear_url_caches

from xinshu.collection.channels.loading import load_hand_in
from xinshu.collection.models import HandIn
from xinshu.project import urls
from xinshu.security.queries import organisations
from xinshu.security.services import create_reporter
from xinshu.web.console import routes as console


@pytest.fixture
def site(world) -> Iterator[None]:
    """The website whose console works at the world's desk."""
    module = ModuleType("console_test_urls")
    own = console.routes(lambda: world.desk)
    names = {each.name for each in own}
    module.urlpatterns = [each for each in urls.urlpatterns if each.name not in names] + own
    for name in ("handler403", "handler404", "handler429", "handler500"):
        setattr(module, name, getattr(urls, name))
    sys.modules[module.__name__] = module
    with override_settings(ROOT_URLCONF=module.__name__):
        clear_url_caches()
        yield
    clear_url_caches()
    del sys.modules[module.__name__]


@pytest.fixture
def reporter(world):
    """The account of a reporter of the world's source."""
    return create_reporter("liu", display_name="刘某", organisation=world.source)


@pytest.fixture
def stranger(world):
    """A reporter of another organisation."""
    other = next(each.uscc for each in organisations() if each.uscc != world.source)
    return create_reporter("wang", display_name="王某", organisation=other)


@pytest.fixture
def sign_in(site):
    """A browser signed in as an account."""

    def enter(made) -> Client:
        client = Client(headers={"host": "127.0.0.1"})
        answer = client.post("/login", {"login": made.account.username, "password": made.password})
        assert answer.status_code == 302, answer.content.decode()
        return client

    return enter


@pytest.fixture
def browser(sign_in, reporter) -> Client:
    """A browser signed in as the reporter."""
    return sign_in(reporter)


@pytest.fixture
def work(world):
    """Do what the task worker would do with everything handed in."""

    def run() -> None:
        for found in HandIn.objects.filter(finished_at=None):
            load_hand_in(world.desk, found.id)

    return run
