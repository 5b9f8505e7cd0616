"""Queries in a browser: an officer asks and reads; a batch goes from application to file; another system shows a card; a
firm gives its consent and takes it back."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import psycopg
import pytest
from playwright.sync_api import Page, expect
from tests.e2e.conftest import DESK, LONG_NAME, PHONE, ROOT, STARTS_IN, Website, opened, serving, working
from tests.e2e.test_console import serious
from tests.e2e.test_public_pages import AXE, NPM, VALIDATOR, invalid_html
from tests.plugins.main_path import AUTHORITY_NAME, make_uscc

from xinshu.kernel.clock import shanghai_date
from xinshu.kernel.identifiers import CitizenId
from xinshu.security.identity.factors import code_at, step_of

BASIS, MATTER = "《中华人民共和国行政许可法》", "SP-2026-0001"
BANK = "示例农商银行"
PERSON = next(f"11010118990101001{last}" for last in "0123456789X" if CitizenId.is_valid(f"11010118990101001{last}"))
SHOTS = os.environ.get("SHOTS", "")
# Made in a process of its own, which has the keys of the website: people with their second factors, a key, a consent.
SETUP = f"""
import json
from datetime import UTC, datetime, timedelta
from xinshu.bootstrap.installation import django_ready; django_ready()
from django.utils import timezone
from xinshu.disclosure.consents import Offer, ask
from xinshu.disclosure.domain import Asked
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.machines import machine_actor, register_system
from xinshu.project.environment import read_settings
from xinshu.security.domain import Level, OrganisationFacts, Role
from xinshu.security.identity.accounts import make_demo_account
from xinshu.kernel.clock import shanghai_date
from xinshu.kernel.identifiers import CitizenId
from xinshu.security.identity.factors import keep_totp, new_secret
from xinshu.security.identity.mandates import state_legal
from xinshu.security.identity.provider import Firm
from xinshu.security.models import User
from xinshu.security.queries import organisations
from xinshu.security.services import create_api_key, store_organisations
now, source = timezone.now(), next(each.uscc for each in organisations() if each.name.endswith({AUTHORITY_NAME!r}))
people = {{}}
roles = {{"officer": Role.QUERY_OFFICER, "approver": Role.QUERY_APPROVER, "legal": Role.ENTERPRISE, "admin": Role.SYSTEM_ADMIN}}
words = {{"officer": "刘某", "approver": "陈某", "legal": "孙某", "admin": "系某"}}
for name, role in roles.items():
    made = make_demo_account(f"e2e-{{name}}", display_name=words[name],
                             organisation=source, role=role, now=now)
    secret = new_secret()
    keep_totp(User.objects.get(username=f"e2e-{{name}}"), secret)
    people[name] = [f"e2e-{{name}}", made.password, secret]
key = create_api_key(source, label="审批系统", now=now)
register_system(key.key.id, source, title="审批系统", origins="http://127.0.0.1:SAMPLE", now=now)
bank = "91990102MA000900X0"
store_organisations([OrganisationFacts(bank, {BANK!r}, "990100", Level.CITY, "bank")])
loans = create_api_key(bank, label="信贷系统", now=now).key
register_system(loans.id, bank, title="信贷系统", origins="", now=now)
gate = Gate.open(read_settings())
firm = {make_uscc(1)!r}
fields = tuple(gate.openings(gate.purpose("financing", now.date())))
offer = Offer(subject=Asked("organisation", firm), grantee=bank, purpose="financing", fields=fields, legal_basis="主体授权",
              valid_from=now, valid_to=now + timedelta(days=365), max_uses=10, per_day=2, text_version="2026.1", channel="portal")
number = ask(gate, machine_actor(loans, "", now), offer, now).number
state_legal(User.objects.get(username="e2e-legal"), [Firm(firm, {LONG_NAME!r})], now)
print(json.dumps({{"people": people, "key": key.secret, "consent": number}}))
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in."""

    username: str
    password: str
    secret: str


@dataclass(frozen=True, slots=True)
class Agency:
    """A unit that asks: its people, a consent asked for, the pages of its own system, and that system's other address."""

    website: Website
    environment: dict[str, str]
    officer: Person
    approver: Person
    legal: Person
    admin: Person
    consent: str
    sample: str


@pytest.fixture(scope="module")
def agency(website: Website, lasting_database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agency]:
    """The people, the gateway and a business system beside the website; before any browser of this module."""
    environment = {**os.environ, "XINSHU_HOME": str(website.home), "DATABASE_URL": lasting_database.url}
    with psycopg.connect(lasting_database.conninfo, autocommit=True) as owner:
        owner.execute("UPDATE security_audit_watch SET fresh_until = %s", [datetime(9000, 1, 1, tzinfo=UTC)])
    port = _free_port()
    made = subprocess.run(
        [sys.executable, "-c", SETUP.replace("SAMPLE", str(port))],
        env={**environment, "XINSHU_PROFILE": "demo"},
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert made.returncode == 0, made.stderr[-3000:]
    told = json.loads(made.stdout.splitlines()[-1])
    people = {name: Person(*given) for name, given in told["people"].items()}
    log = tmp_path_factory.mktemp("agency") / "log"
    with (
        serving(website.home, lasting_database, log, "xinshu.project.gateway.wsgi") as gateway,
        _sample(port, gateway, website.root, told["key"]) as sample,
    ):
        yield Agency(website, environment, consent=told["consent"], sample=sample, **people)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _sample(port: int, gateway: str, platform: str, key: str) -> Iterator[str]:
    """The sample system of examples/card; yields its address."""
    command = [
        sys.executable,
        "examples/card/server.py",
        "--gateway",
        gateway,
        "--platform",
        platform,
        "--port",
        str(port),
    ]
    with subprocess.Popen(
        command, env={**os.environ, "XINSHU_KEY": key}, cwd=ROOT, stderr=subprocess.DEVNULL
    ) as running:
        try:
            _wait_for(f"http://127.0.0.1:{port}/")
            yield f"http://127.0.0.1:{port}"
        finally:
            running.terminate()
            running.wait(timeout=30)


def _wait_for(address: str) -> None:
    until = time.monotonic() + STARTS_IN
    while time.monotonic() < until:
        try:
            with urlopen(address, timeout=5):
                return
        except OSError:  # refused, reset, or slow under load
            time.sleep(0.2)
    pytest.fail(f"{address} did not answer")


@contextmanager
def signed_in(browser, agency: Agency, person: Person, address: str, viewport=DESK) -> Iterator[Page]:
    """A browser of its own in which somebody came in by password and second factor."""
    with opened(browser, agency.website, viewport=viewport, accept_downloads=True) as page:
        page.goto(address)
        page.get_by_label("用户名").fill(person.username)
        page.get_by_label("口令", exact=True).fill(person.password)
        page.get_by_role("button", name="登录", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("验证第二因素")
        page.get_by_label("动态口令或恢复码").fill(code_at(person.secret, step_of(datetime.now(UTC))))
        page.get_by_role("button", name="登录", exact=True).click()
        yield page


def ask(page: Page, *codes: str, purpose: str = "行政审批") -> None:
    """Scene, basis, matter, then subjects."""
    page.get_by_label("场景与事由").select_option(label=purpose)
    page.get_by_label("查询依据").fill(BASIS)
    page.get_by_label("办件编号").fill(MATTER)
    page.get_by_label("主体代码").fill("\n".join(codes))
    page.get_by_role("button", name="登记并查询").click()


@pytest.fixture(scope="module", autouse=True)
def _before_any_browser(agency: Agency) -> None:
    """Once a browser runs, Django cannot be asked in this thread."""


@pytest.fixture(scope="module")
def officer(agency: Agency, browser) -> Iterator[Page]:
    """The officer's browser; one sign-in for the module, since a code is good once."""
    with signed_in(browser, agency, agency.officer, "/c/query") as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("查询服务")
        yield page


def test_an_officer_asks_with_purpose_and_basis_and_reads_a_marked_result(officer: Page, agency: Agency):
    officer.goto("/c/query")
    ask(officer, agency.website.subject)
    expect(officer.get_by_role("heading", level=1)).to_have_text("查询结果")
    mark = officer.locator(".query__mark")
    expect(mark).to_contain_text("刘某")
    expect(mark).to_contain_text(MATTER)
    number = re.search(r"CX-\w{16}", mark.inner_text())[0]
    expect(officer.get_by_text("A环罚〔2026〕1号").first).to_be_visible()
    expect(officer.get_by_text("未核查").first).to_be_visible()
    behind = officer.locator(".main").evaluate("each => getComputedStyle(each, '::after').backgroundImage")
    assert "watermark.svg" in behind
    assert "刘某" in officer.request.get("/c/watermark.svg").text()
    officer.goto("/c/query")
    expect(officer.get_by_role("link", name=number)).to_be_visible()
    officer.goto(f"/c/query/{number}")
    expect(officer.get_by_text("A环罚〔2026〕1号")).to_have_count(0)


def test_without_a_matter_nothing_is_asked(officer: Page, agency: Agency):
    officer.goto("/c/query")
    officer.get_by_label("办件编号").evaluate("each => each.removeAttribute('required')")
    officer.get_by_label("场景与事由").select_option(label="行政审批")
    officer.get_by_label("查询依据").fill(BASIS)
    officer.get_by_label("主体代码").fill(agency.website.subject)
    officer.get_by_role("button", name="登记并查询").click()
    expect(officer.get_by_role("alert")).to_contain_text("查询登记不完整")
    expect(officer.get_by_label("主体代码")).to_have_value(agency.website.subject)


@pytest.fixture
def looked_at(browser, officer: Page, agency: Agency, need, tmp_path: Path):
    """The officer's pages at both widths: accessible, valid, not wider than the screen; SHOTS keeps pictures of them."""
    need(AXE.is_file() and VALIDATOR.is_file(), NPM)

    def look(*addresses: str) -> None:
        found, texts = {}, {}
        for size in (DESK, PHONE):
            state = officer.context.storage_state()
            with opened(browser, agency.website, viewport=size, bypass_csp=True, storage_state=state) as page:
                for number, address in enumerate(addresses):
                    page.goto(address)
                    texts[f"page {number}"] = page.request.get(address).text()
                    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], address
                    found[address, size["width"]] = serious(page)
                    if SHOTS:
                        name = address.strip("/").replace("/", "-").replace("?", "-")
                        page.screenshot(path=Path(SHOTS) / f"{name}-{size['width']}.png", full_page=True)
        assert {where: each for where, each in found.items() if each} == {}
        assert invalid_html(texts, tmp_path) == []

    return look


def test_a_paper_is_registered_by_keyboard_and_taken_back(officer: Page, agency: Agency, looked_at):
    officer.goto("/c/consents")
    officer.get_by_role("link", name="登记纸质授权").press("Enter")
    officer.get_by_label("场景与事由").select_option(label="评优评先")
    officer.get_by_role("button", name=re.compile("下一步|换一个事由")).press("Enter")
    officer.get_by_label("姓名").fill("王小明")
    officer.get_by_label("公民身份号码").fill(PERSON)
    officer.get_by_label(re.compile("^纳税信用评价|纳税信用")).first.press("Space")
    officer.get_by_label("至（含当日）").fill((shanghai_date(datetime.now(UTC)) + timedelta(days=30)).isoformat())
    officer.get_by_label("文号或编号").fill("授权书〔2026〕12号")
    officer.get_by_label(re.compile("^扫描件 平台")).set_input_files(
        {"name": "授权书.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 a paper %%EOF"}
    )
    officer.get_by_role("button", name="登记并送复核").press("Enter")
    expect(officer.locator(".pagehead .tag")).to_have_text("待复核")
    expect(officer.get_by_text("等待另一岗位的查询审核员复核")).to_be_visible()
    own = officer.url.removeprefix(agency.website.root)
    with officer.expect_download() as waiting:
        officer.get_by_role("link", name="下载查看").click()
    assert Path(waiting.value.path()).read_bytes() == b"%PDF-1.7 a paper %%EOF"
    looked_at("/c/consents", "/c/consents/new", "/c/consents/new?purpose=award-evaluation", own, f"{own}?end=1")
    officer.goto(own)
    officer.get_by_role("link", name="本人撤回授权").press("Enter")
    officer.get_by_label("撤回的方式或凭据").fill("本人来函")
    officer.get_by_role("button", name="登记撤回").press("Enter")
    expect(officer.locator(".pagehead .tag")).to_have_text("已撤回")


def test_a_query_that_waits_is_changed_and_taken_back(officer: Page, agency: Agency, looked_at):
    officer.goto("/c/query")
    ask(officer, *(make_uscc(each) for each in (1, 4)))
    own = officer.url.removeprefix(agency.website.root)
    officer.get_by_role("link", name="修改", exact=True).press("Enter")
    officer.get_by_label("办件编号").fill("SP-2026-0099")
    officer.get_by_role("button", name="保存修改").press("Enter")
    expect(officer.get_by_role("status")).to_contain_text("修改前的审核全部作废")
    looked_at("/c/query", own, f"{own}/edit", f"{own}?end=1")
    officer.get_by_role("link", name="撤回这项查询").press("Enter")
    officer.get_by_role("button", name="撤回查询").press("Enter")
    expect(officer.locator(".pagehead .tag")).to_have_text("已作废")


def test_a_batch_goes_from_application_over_another_post_to_a_file_for_a_time(browser, officer: Page, agency: Agency):
    officer.goto("/c/query")
    ask(officer, *(make_uscc(each) for each in (1, 4, 5)))
    number = re.search(r"CX-\w{16}", officer.url)[0]
    expect(officer.locator(".pagehead .tag")).to_have_text("待审核")
    expect(officer.get_by_role("button", name=re.compile("同意"))).to_have_count(0)
    with signed_in(browser, agency, agency.approver, "/c/query") as other:
        other.get_by_role("link", name=number).click()
        other.get_by_role("button", name=re.compile("同意 3 个主体")).click()
        expect(other.locator(".pagehead .tag")).to_have_text("已审核")
    with working(agency.environment):
        for _ in range(60):
            officer.reload()
            if officer.locator(".pagehead .tag").inner_text() == "已完成":
                break
            officer.wait_for_timeout(500)
    expect(officer.locator(".pagehead .tag")).to_have_text("已完成")
    expect(officer.get_by_text("前有效，已下载 0 / 3 次")).to_be_visible()
    with officer.expect_download() as waiting:
        officer.get_by_role("button", name="下载 CSV").click()
    file = waiting.value
    content = Path(file.path()).read_text(encoding="utf-8-sig")
    assert file.suggested_filename == f"{number}.csv"
    assert all(each in content for each in (number, "A环罚〔2026〕1号", "未核查", "刘某"))
    officer.reload()
    expect(officer.get_by_text("已下载 1 / 3 次")).to_be_visible()
    again = officer.request.get(file.url, headers={"accept": "text/html"})
    assert again.status == 404


def test_another_system_shows_a_card_in_its_own_page_and_nobody_else_does(browser, agency: Agency):
    with opened(browser, agency.website, viewport=DESK) as page:
        page.goto(f"{agency.sample}/")
        page.get_by_label("统一社会信用代码").fill(agency.website.subject)
        page.get_by_role("button", name="查看信用卡片").click()
        card = page.frame_locator("iframe.xinshu-card")
        expect(card.get_by_role("heading", level=1)).to_have_text(LONG_NAME)
        expect(card.locator(".card__mark")).to_contain_text("张某 1001")
        expect(card.locator(".card__foot")).to_contain_text("水印")
        assert card.locator(".card__mark").evaluate("each => getComputedStyle(each).borderLeftWidth") == "3px"
        address = page.locator("iframe.xinshu-card").get_attribute("src")
        again = page.request.get(address, headers={"referer": f"{agency.sample}/", "sec-fetch-dest": "iframe"})
        assert again.status == 404
    elsewhere = agency.sample.replace("127.0.0.1", "localhost")
    with opened(browser, agency.website, viewport=DESK) as page:
        page.goto(f"{elsewhere}/")
        page.get_by_label("统一社会信用代码").fill(agency.website.subject)
        with page.expect_response(re.compile("/embed/card/")) as waiting:
            page.get_by_role("button", name="查看信用卡片").click()
        assert waiting.value.status == 403
        assert page.frame_locator("iframe.xinshu-card").get_by_text(LONG_NAME).count() == 0


def test_a_firm_reads_gives_and_takes_back_a_consent(browser, agency: Agency):
    with signed_in(browser, agency, agency.legal, "/me/consents") as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("授权管理")
        expect(page.get_by_role("heading", name=f"{BANK}申请查询贵企业信息")).to_be_visible()
        page.get_by_label(re.compile("^单次")).check()
        page.get_by_role("button", name="同意授权").click()
        expect(page.locator(".notice--ok")).to_contain_text("已授权")
        page.get_by_role("link", name=f"撤回对{BANK}的授权").click()
        expect(page.get_by_text(f"{BANK}将立即不能再查询")).to_be_visible()
        page.get_by_role("button", name="撤回授权").click()
        expect(page.locator(".notice--ok")).to_contain_text("已结束")
        page.set_viewport_size(PHONE)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0


def test_accounts_are_managed_on_a_phone(browser, agency: Agency):
    with signed_in(browser, agency, agency.admin, "/c/iam", PHONE) as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("组织与权限")
        for button in page.locator("main table button").all():
            box = button.bounding_box()
            assert box is not None
            assert box["height"] >= 24
            assert box["x"] + box["width"] <= PHONE["width"]
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / "c-iam-390.png", full_page=True)
