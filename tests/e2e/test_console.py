"""A reporter at work in a browser: sign in, hand a workbook in, watch it, read what is wrong, take the marked workbook."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from playwright.sync_api import Page, expect
from tests.e2e.conftest import DESK, PHONE, ROOT, Website, opened, serving, working
from tests.e2e.test_public_pages import AXE, NPM, SERIOUS, VALIDATOR, invalid_html
from tests.plugins.main_path import AUTHORITY_NAME, Row, make_uscc

ROWS = 12_000
BAD_DATE, BAD_CODE, TWICE = 40, 25, 3
ITEM = "administrative-penalty"


@dataclass(frozen=True, slots=True)
class Office:
    """The console over the website's database, with files of its own."""

    root: str
    environment: dict[str, str]
    username: str
    password: str
    source: str


@pytest.fixture(scope="module")
def office(website: Website, lasting_database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A reporter of the environment bureau and a server; before any browser of this module."""
    folder = tmp_path_factory.mktemp("office")
    folder.chmod(0o755)
    environment = {**os.environ, "XINSHU_HOME": str(folder / "home"), "DATABASE_URL": lasting_database.url}
    source = _source(environment)
    made = json.loads(
        _xinshu(environment, "account", "create", "liumou", "--name", "刘某", "--organisation", source, "--json")
    )
    with serving(folder / "home", lasting_database, folder / "log") as root:
        yield Office(root, environment, made["username"], made["password"], source)


def _xinshu(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "xinshu.cli", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def _source(environment: dict[str, str]) -> str:
    script = (
        "from xinshu.bootstrap.installation import django_ready; django_ready()\n"
        "from xinshu.security.queries import organisations\n"
        f"print(next(each.uscc for each in organisations() if each.name.endswith({AUTHORITY_NAME!r})))"
    )
    command = [sys.executable, "-c", script]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def desk(browser, office: Office) -> Iterator[Page]:
    """A browser at a desk, nobody signed in."""
    with opened(browser, Website(office.root, "", "", ""), viewport=DESK) as page:
        yield page


@pytest.fixture(scope="module")
def workbook(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve thousand penalties; some dates and codes are wrong, some rows come twice."""
    path = tmp_path_factory.mktemp("files") / "行政处罚 11 月.xlsx"
    rows = [_penalty(office.source, number) for number in range(ROWS - TWICE)]
    for number in range(BAD_DATE):
        rows[number * 10]["处罚决定日期"] = "2026.13.45"
    for number in range(BAD_CODE):
        code = rows[number * 10 + 5]["行政相对人代码_1(统一社会信用代码)"]
        rows[number * 10 + 5]["行政相对人代码_1(统一社会信用代码)"] = code[:17] + ("A" if code[17] != "A" else "B")
    rows += [dict(row) for row in rows[1 : 1 + TWICE]]
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet("处罚")
        sheet.write_row(0, 0, list(rows[0]))
        for place, row in enumerate(rows, start=1):
            sheet.write_row(place, 0, list(row.values()))
    return path


def _penalty(source: str, number: int) -> Row:
    """A valid penalty with a number of its own, each against another day and enterprise."""
    day = f"2026-{number % 8 + 1:02d}-{number % 28 + 1:02d}"
    return {
        "行政相对人名称": f"A市第{number + 1000}纺织有限公司",
        "行政相对人类别": "法人及非法人组织",
        "行政相对人代码_1(统一社会信用代码)": make_uscc(number + 1000),
        "法定代表人": "张三丰",
        "行政处罚决定书文号": f"A环罚〔2026〕{number + 5000}号",
        "违法行为类型": "超标排放水污染物",
        "违法事实": "当事人总排口化学需氧量浓度超过排放标准",
        "处罚依据": "《中华人民共和国水污染防治法》第八十三条",
        "处罚类别": "罚款",
        "处罚内容": "罚款人民币贰万元",
        "罚款金额（万元）": "2",
        "处罚决定日期": day,
        "处罚有效期": "2027-12-31",
        "处罚机关": AUTHORITY_NAME,
        "处罚机关统一社会信用代码": source,
        "数据来源单位": AUTHORITY_NAME,
        "数据来源单位统一社会信用代码": source,
    }


def sign_in(page: Page, office: Office) -> None:
    """By keyboard: name, Tab, password, Enter."""
    page.goto("/c/submit")
    page.get_by_label("用户名").focus()
    page.keyboard.type(office.username)
    page.keyboard.press("Tab")
    page.keyboard.type(office.password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("数据报送")


def tab_to(page: Page, found: Callable[[], bool]) -> None:
    """Press Tab until something has the focus."""
    for _ in range(60):
        if found():
            return
        page.keyboard.press("Tab")
    pytest.fail("not reached by keyboard")


def test_a_reporter_hands_in_watches_reads_and_takes_the_marked_workbook(desk, office, workbook, tmp_path):
    """By keyboard alone but for choosing the file, which belongs to the system."""
    sign_in(desk, office)
    desk.get_by_label("目录事项").focus()
    desk.get_by_label("目录事项").select_option(ITEM)
    desk.get_by_label("文件", exact=True).set_input_files(workbook)
    desk.get_by_role("button", name="上传并校验").focus()
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("heading", level=1)).to_contain_text("批次 PL-")
    job = desk.locator("#job")
    expect(job).to_contain_text("等待处理")
    expect(desk.locator("#tray-count")).to_have_text("1")
    address = desk.url
    with working(office.environment):
        expect(job).to_contain_text(re.compile("读取文件|登记|入库"), timeout=60_000)  # without loading the page anew
        desk.goto("/c/submit")  # leaving changes nothing
        desk.goto(address)
        expect(desk.locator(".totals")).to_be_visible(timeout=120_000)
    parts = [int(text.split()[0].replace(",", "")) for text in desk.locator(".totals dd").all_inner_texts()]
    assert sum(parts[:4]) == parts[4] == ROWS
    assert parts[1:4] == [BAD_DATE + BAD_CODE, 0, TWICE]
    read_the_findings(desk)
    with desk.expect_download(timeout=120_000) as download:
        tab_to(desk, lambda: desk.evaluate("document.activeElement.innerText") == "带批注的原表")
        desk.keyboard.press("Enter")
    download.value.save_as(tmp_path / "marked.xlsx")
    assert download.value.suggested_filename == "带批注的原表 行政处罚 11 月.xlsx"
    read_the_marks(tmp_path / "marked.xlsx")


def read_the_findings(page: Page) -> None:
    """A problem is a filter, the rows say what to do."""
    lines = page.locator(".iss tbody tr")
    expect(lines).to_have_count(20)
    dates = page.get_by_role("link", name=re.compile("日期格式"))
    expect(dates.locator("b")).to_have_text(str(BAD_DATE))
    dates.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("problem=date.format"))
    expect(page.locator(".pager")).to_contain_text(f"共 {BAD_DATE} 个")
    expect(lines.first).to_contain_text("A市第1000纺织有限公司")
    expect(lines.first).to_contain_text("2026.13.45")
    expect(lines.first).to_contain_text("第 2 行「处罚决定日期」")
    page.get_by_role("navigation", name="问题分页").get_by_role("link", name="下一页").focus()
    page.keyboard.press("Enter")
    expect(lines).to_have_count(BAD_DATE - 20)


def read_the_marks(path: Path) -> None:
    """The supplier's own workbook: bad cells filled, a column of reasons at the end."""
    sheet = openpyxl.load_workbook(path)["处罚"]
    headings = [cell.value for cell in sheet[1]]
    date, reason = headings.index("处罚决定日期") + 1, len(headings)
    assert headings[-1] == "问题说明"
    assert "处罚决定日期" in sheet.cell(2, reason).value
    assert sheet.cell(2, date).fill.patternType == "solid"
    assert sheet.cell(2, date).value == "2026.13.45"
    assert sheet.cell(2, date).fill.fgColor.rgb != sheet.cell(3, date).fill.fgColor.rgb  # only late, which is accepted
    assert sheet.cell(2, 1).fill.patternType is None
    marked = sum("错误" in str(sheet.cell(row, reason).value) for row in range(2, sheet.max_row + 1))
    assert marked == BAD_DATE + BAD_CODE + TWICE


@pytest.fixture(scope="module")
def pages(office: Office, workbook: Path, browser) -> dict[str, str]:
    """{name: address} of every kind of console page; two more files are handed in, one refused, one waiting."""
    with opened(browser, Website(office.root, "", "", ""), viewport=DESK) as page:
        sign_in(page, office)
        refused = upload(page, b"a,b\n1,2\n", "别的表.csv")
        with working(office.environment):
            page.goto(refused)
            expect(page.locator(".refusal")).to_be_visible(timeout=60_000)
        page.goto("/c/submit")
        loaded = page.get_by_role("row").filter(has_text=workbook.name).get_by_role("link").first.get_attribute("href")
        waiting = upload(page, b"a,b\n1,2,3\n", "等待.csv")
    return {
        "form": "/c/submit",
        "loaded": loaded or "",
        "filtered to nothing": f"{loaded}?field=none",
        "refused": refused,
        "waiting": waiting,
    }


def upload(page: Page, content: bytes, name: str) -> str:
    """Hand a file in; returns the address of its batch."""
    page.goto("/c/submit")
    page.get_by_label("目录事项").select_option(ITEM)
    page.get_by_label("文件", exact=True).set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="上传并校验").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("批次")
    return page.url


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1366", "390"])
def test_no_console_page_has_a_serious_accessibility_finding(browser, office, pages, need, size):
    need(AXE.is_file(), NPM)
    found = {}
    with opened(browser, Website(office.root, "", "", ""), viewport=size, bypass_csp=True) as page:
        page.goto("/login")
        found["sign in"] = serious(page)
        page.get_by_label("口令").fill("wrong")
        page.get_by_label("用户名").fill("nobody")
        page.get_by_role("button", name="登录").click()
        found["sign in, wrong"] = serious(page)
        sign_in(page, office)
        for name, address in pages.items():
            page.goto(address)
            page.locator("summary.bar__job").click()
            found[name] = serious(page)
    assert {name: each for name, each in found.items() if each} == {}


def serious(page: Page) -> list[tuple[str, str]]:
    """(rule, element) of serious findings of axe."""
    page.add_script_tag(path=AXE)
    answer = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [(each["id"], each["nodes"][0]["html"]) for each in answer["violations"] if each["impact"] in SERIOUS]


@pytest.mark.parametrize("width", [1366, 390, 320])
def test_no_console_page_is_wider_than_its_screen(browser, office, pages, width):
    with opened(browser, Website(office.root, "", "", ""), viewport={"width": width, "height": 800}) as page:
        sign_in(page, office)
        for name, address in pages.items():
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_every_console_page_is_valid_html(browser, office, pages, need, tmp_path):
    need(VALIDATOR.is_file(), NPM)
    with opened(browser, Website(office.root, "", "", ""), viewport=DESK) as page:
        texts = {"sign in": page.request.get("/login").text()}
        sign_in(page, office)
        texts |= {name: page.request.get(address).text() for name, address in pages.items()}
    assert invalid_html(texts, tmp_path) == []


def test_no_console_page_breaks_the_security_policy_or_fails_in_the_browser(browser, office, pages):
    said: list[str] = []
    with opened(browser, Website(office.root, "", "", ""), viewport=DESK) as page:
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        sign_in(page, office)
        for address in pages.values():
            page.goto(address)
            page.wait_for_timeout(1200)  # one round of asking how far the job is
    assert said == []


def test_without_script_the_page_is_renewed_by_itself(browser, office, pages):
    with opened(browser, Website(office.root, "", "", ""), viewport=DESK, java_script_enabled=False) as page:
        sign_in(page, office)
        page.goto(pages["waiting"])
        expect(page.locator("#job")).to_contain_text("等待处理")
        assert page.locator("noscript meta[http-equiv=refresh]").count() == 1
        page.locator("summary.bar__job").click()
        expect(page.locator("#tray")).to_contain_text("等待.csv")
        page.get_by_role("button", name="退出").click()
        page.goto(pages["waiting"])
        expect(page.get_by_role("heading", level=1)).to_have_text("登录工作台")
