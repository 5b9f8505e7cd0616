"""The test bed of the browser tests: a website of its own with a small load, served by the real server, and Chromium.

A running browser keeps an event loop in this thread, in which Django refuses to touch the database: load what a test
needs in `website` (it comes before any browser), or by a command in a process of its own. Browsers live as long as one
test module.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from tests.plugins.main_path import AUTHORITY_NAME, World, make_uscc, make_world

from xinshu.kernel.clock import shanghai_date
from xinshu.project.environment import read_settings

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ROOT / "node_modules"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK, PHONE = {"width": 1366, "height": 900}, {"width": 390, "height": 844}
LONG_NAME = "A市东方第一百二十三中小企业综合服务与新型建筑材料研究开发及对外贸易股份有限公司"
STARTS_IN = 60  # seconds


@dataclass(frozen=True, slots=True)
class Website:
    """A running website. `subject` has a penalty in its publicity period and permits, `bare` nothing public."""

    root: str
    subject: str
    bare: str
    closed: str
    home: Path = Path()

    @property
    def record(self) -> str:
        """The address of a public record of the subject."""
        with urlopen(f"{self.root}/s/{self.subject}", timeout=STARTS_IN) as answer:
            return re.search(r'href="(/r/[0-9A-Z]{16})"', answer.read().decode())[1]

    @property
    def public_pages(self) -> dict[str, str]:
        """{name: address} of every kind of public page, empty and failing forms too."""
        wrong = self.subject[:17] + ("A" if self.subject[17] != "A" else "B")
        return {
            "home": "/",
            "home, penalties": "/?item=administrative-penalty",
            "search": "/search",
            "hits": "/search?q=A市",
            "no hits": "/search?q=没有这个名称",
            "wrong code": f"/search?q={wrong}",
            "subject": f"/s/{self.subject}",
            "subject as a table": f"/s/{self.subject}?view=table",
            "subject without records": f"/s/{self.bare}",
            "closed subject": f"/s/{self.closed}",
            "record": self.record,
            "no such record": "/r/" + "0" * 16,
            "dual publicity": "/sgs",
            "dual publicity, none": "/sgs?region=990200",
            "collection": "/collection",
            "services": "/services",
            "service": "/services/repair",
            "notice": "/news/catalogue-2026",
            "rules": "/docs/rulebook",
            "map": "/sitemap",
            "no such page": "/no/such-page",
            "no such subject": f"/s/{wrong}",
        }


@pytest.fixture(scope="session")
def website(lasting_database, connected_to, tmp_path_factory: pytest.TempPathFactory, need) -> Iterator[Website]:
    """A website with twenty-five enterprises, some permits and penalties; started once."""
    need(bool(CHROMIUM), "chromium fonts-noto-cjk")
    folder = tmp_path_factory.mktemp("website")
    folder.chmod(0o755)
    settings = replace(read_settings(), home=folder / "home", profile="demo")
    with connected_to(lasting_database):
        load(make_world(settings, folder))
    with serving(settings.home, lasting_database, folder / "log") as root:
        yield Website(root, make_uscc(1), make_uscc(2), make_uscc(3), settings.home)


def load(world: World) -> None:
    """What the pages show; days are counted from today, so that publicity is under way."""
    today = shanghai_date(datetime.now(UTC))
    lately = (today - timedelta(days=20)).isoformat()
    rows = [world.registration(number) for number in range(4, 26)]
    rows += [
        world.registration(1, 企业名称=LONG_NAME, 曾用名="A市东方建材有限公司"),
        world.registration(2),
        world.registration(3, 登记状态="注销", 核准日期="2025-05-06"),
    ]
    world.register(rows, at=lately)
    fined = {"行政相对人名称": LONG_NAME, "处罚有效期": (today + timedelta(days=305)).isoformat()}
    decided = (today - timedelta(days=60)).isoformat()
    world.penalise([world.penalty(1, 处罚决定日期=decided, **fined)], at=lately)
    world.load("administrative-license", [permit(world, n, today) for n in range(1, 9)], at=lately)


def permit(world: World, number: int, today: date) -> dict[str, str]:
    """A permit of the first enterprise, by the examples of the catalogue; the n-th ends n * 100 - 380 days from now."""
    item = world.desk.catalogue["administrative-license"]
    row = {each.title: each.example for each in item.fields if each.example}
    by_role = {each.code: each.title for each in item.fields}
    ends = (today + timedelta(days=number * 100 - 380)).isoformat()
    row |= {
        by_role[item.roles.counterpart_name]: LONG_NAME,
        by_role[item.roles.uscc]: make_uscc(1),
        by_role[item.roles.event_date]: (today - timedelta(days=400 - number)).isoformat(),
        by_role[item.roles.document_no]: f"A环许〔2025〕{number}号",
        by_role[item.roles.ends_on]: ends,
        by_role[item.roles.authority_name]: AUTHORITY_NAME,
        by_role[item.roles.authority_code]: world.source,
        by_role[item.roles.source_name]: AUTHORITY_NAME,
        by_role[item.roles.source_code]: world.source,
    }
    others = {"行政相对人代码_2(工商注册号)", "行政相对人代码_3(组织机构代码)", "行政相对人代码_4(税务登记号)"}
    begins = {title: (today - timedelta(days=400 - number)).isoformat() for title in row if title == "有效期自"}
    return {title: value for title, value in (row | begins).items() if title not in others}


@contextmanager
def serving(home: Path, database, log: Path, application: str = "xinshu.project.wsgi") -> Iterator[str]:
    """The real server (or the gateway) in a process of its own, on a free port; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--worker-class", "gthread", "--threads", "4"]
    command += ["--bind", f"127.0.0.1:{port}", "--log-level", "warning", application]
    environment = {**os.environ, "XINSHU_HOME": str(home), "DATABASE_URL": database.url}
    with log.open("wb") as output:
        server = subprocess.Popen(command, env=environment, stdout=output, stderr=output, cwd=ROOT)
    root = f"http://127.0.0.1:{port}"
    try:
        _wait_for(root, server, log)
        yield root
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(root: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + STARTS_IN
    while time.monotonic() < until and server.poll() is None:
        try:
            with urlopen(f"{root}/healthz", timeout=10):
                return
        except OSError:  # refused, reset, or slow under load
            time.sleep(0.2)
    pytest.fail(f"the website did not start:\n{log.read_text(errors='replace')[-3000:]}")


@pytest.fixture(scope="module")
def browser(website: Website) -> Iterator[Browser]:
    """The machine's Chromium, after the website has been loaded."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        running.close()


@contextmanager
def opened(browser: Browser, website: Website, **options: object) -> Iterator[Page]:
    """A page in a context of its own; `options` are those of a browser context."""
    context: BrowserContext = browser.new_context(base_url=website.root, locale="zh-CN", **options)  # type: ignore[arg-type]
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def page(browser: Browser, website: Website) -> Iterator[Page]:
    """A page at a desk."""
    with opened(browser, website, viewport=DESK) as one:
        yield one


@contextmanager
def working(environment: Mapping[str, str]) -> Iterator[None]:
    """The task worker of an installation, for the block."""
    command = [sys.executable, "-m", "django", "procrastinate", "--settings", "xinshu.project.settings", "worker"]
    with subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL) as running:
        try:
            yield
        finally:
            running.terminate()
            running.wait(timeout=60)
