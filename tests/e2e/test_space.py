"""A legal person and his handler in a browser: in by the provider, a mandate given, seen on both sides, taken back."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.conftest import DESK, LONG_NAME, PHONE, Website, opened, serving
from tests.e2e.test_console import serious
from tests.e2e.test_public_pages import AXE, NPM, VALIDATOR, invalid_html

from xinshu.demo.identity_provider import Client, IdentityProvider, Person
from xinshu.demo.identity_server import server_of
from xinshu.demo.numbers import citizen_number
from xinshu.kernel.clock import shanghai_date

SECRET = "a-secret-of-the-platform"
SHOTS = os.environ.get("SHOTS", "")  # a folder: the pages are kept there as pictures, to look at


@dataclass(frozen=True, slots=True)
class Space:
    """The website with a provider beside it; pages at its address."""

    site: Website

    @contextmanager
    def entered(self, browser, who: str, size: dict[str, int] = DESK) -> Iterator[Page]:
        """A browser of somebody who came in by the provider."""
        with opened(browser, self.site, viewport=size, bypass_csp=True) as page:
            page.goto("/login")
            page.get_by_role("link", name="企业登录").click()
            page.get_by_role("button", name=who).click()
            page.wait_for_url("**/me")
            yield page


@pytest.fixture(scope="module")
def space(website: Website, lasting_database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    """A provider in a thread, and a website that is told of it."""
    folder = tmp_path_factory.mktemp("space")
    folder.chmod(0o755)
    people = [
        Person("p1", "林演示", citizen_number("990101", 1), ((website.subject, LONG_NAME),)),
        Person("p2", "陈演示", citizen_number("990101", 2)),
    ]
    provider = IdentityProvider("", Client("xinshu", SECRET, ""), people)
    server = server_of(provider, 0)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    told = {"XINSHU_OIDC_URL": provider.issuer, "XINSHU_OIDC_CLIENT": "xinshu", "XINSHU_OIDC_SECRET": SECRET}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in told.items():
            patch.setitem(os.environ, name, value)
        with serving(folder / "home", lasting_database, folder / "log") as root:
            provider.client = Client("xinshu", SECRET, f"{root}/login/enterprise/back", f"{root}/login")
            yield Space(replace(website, root=root))
    server.shutdown()
    server.server_close()


def test_a_mandate_is_given_seen_on_both_sides_and_taken_back(space: Space, browser, website: Website):
    last = (shanghai_date(datetime.now(UTC)) + timedelta(days=30)).isoformat()
    with space.entered(browser, "陈演示") as handler, space.entered(browser, "林演示") as legal:
        expect(handler.get_by_role("heading", name="还没有可以办理的企业")).to_be_visible()
        code = handler.locator(".mine code").inner_text()
        legal.get_by_role("link", name=LONG_NAME).click()
        legal.get_by_label("经办人编号").fill(code)
        legal.get_by_label("经办人姓名").fill("陈演示")
        legal.get_by_label("截止日期", exact=True).fill(last)
        legal.get_by_role("button", name="授权", exact=True).click()
        expect(legal.get_by_role("row", name=code)).to_contain_text(last)
        handler.reload()
        handler.get_by_role("link", name=LONG_NAME).click()
        expect(handler.locator("main")).to_contain_text(f"至 {last}")
        handler.get_by_role("link", name="谁查询过").click()
        expect(handler.get_by_role("heading", level=1)).to_have_text("谁查询过本企业")
        legal.get_by_role("button", name="收回陈演示的授权").click()
        expect(legal.get_by_role("row", name=code)).to_contain_text("已收回")
        handler.reload()
        expect(handler.get_by_role("alert")).to_contain_text("经办授权已到期或已收回")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_pages_are_accessible_valid_and_fit(space: Space, browser, website: Website, need, tmp_path: Path, size):
    need(AXE.is_file() and VALIDATOR.is_file(), NPM)
    found, texts = {}, {}
    pages = ["/me", f"/me/firms/{website.subject}", f"/me/firms/{website.subject}/looks", "/me/consents", "/c/account"]
    with space.entered(browser, "林演示", size) as page:
        for number, address in enumerate(pages):
            page.goto(address)
            texts[f"page {number}"] = page.request.get(address).text()
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], address
            found[address] = serious(page)
            if SHOTS:
                name = address.strip("/").replace("/", "-").replace(website.subject, "firm")
                page.screenshot(path=Path(SHOTS) / f"{name}-{size['width']}.png", full_page=True)
    assert {address: each for address, each in found.items() if each} == {}
    assert invalid_html(texts, tmp_path) == []
