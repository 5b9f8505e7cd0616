"""The public pages: what they answer, that hostile text stays text, that they need no script."""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import closing
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from xinshu.catalogue.rulebook import RULEBOOK, document_address
from xinshu.cli.app import run
from xinshu.kernel.clock import parse_as_of
from xinshu.publication.search import DocumentHit, SearchAnswer
from xinshu.subjects.domain import Hit, Proposed
from xinshu.subjects.queries import find_subject
from xinshu.subjects.services import merge
from xinshu.web.portal import views

SCRIPT = "<script>alert(1)</script>"
TODAY = date(2026, 11, 22)
_VOID = {"meta", "link", "input", "img", "br"}
_DRAWN = {"use", "rect", "path", "circle"}


@pytest.fixture
def client(monkeypatch):
    monkeypatch.setattr(views, "today", lambda: TODAY)
    return Client(headers={"host": "127.0.0.1"})


@pytest.fixture
def stocked(world):
    """Two enterprises; a penalty with hostile facts, one held-back row."""
    world.register([world.registration(1), world.registration(2, 企业名称="A市<b>粗体</b>纺织有限公司")])
    world.penalise(
        [
            world.penalty(1, 违法事实=f"当事人自称{SCRIPT}\"onload='x'", 违法行为类型=f"超标排放{SCRIPT}"),
            world.penalty(1, 2, 处罚决定日期="2026.9.3"),
        ]
    )
    return world


class Page(HTMLParser):
    """Tags with their attributes, and a check that they close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in _DRAWN
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, *names: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.tags if tag in names]


def pages(client, world) -> dict[str, str]:
    code = world.company(1)
    addresses = [
        "/",
        "/?item=administrative-penalty",
        "/search",
        "/search?q=A市",
        "/search?q=没有的名称",
        "/sgs",
        "/sgs?item=administrative-penalty",
        "/collection",
        "/services",
        "/services/repair",
        "/news",
        "/news/catalogue-2026",
        "/topics",
        "/about",
        "/sitemap",
        "/docs/rulebook",
        f"/s/{code}",
        f"/s/{code}?view=table",
        "/s/unknown",
        "/no/such-page",
    ]
    return {address: client.get(address).content.decode() for address in addresses}


def test_every_page_is_sound_without_script(client, stocked):
    for address, text in pages(client, stocked).items():
        page = Page(text)
        assert page.all("style", "iframe") == [], address
        scripts = page.all("script")
        assert all(each["src"].startswith("/static/") and "defer" in each for each in scripts), address
        assert [name for _, each in page.tags for name in each if name == "style" or name.startswith("on")] == []
        assert page.all("html") == [{"lang": "zh-CN"}]
        assert len(page.all("main")) == len(page.all("h1")) == 1, address
        assert page.all("main")[0]["id"] == "main"
        assert page.all("a")[0] == {"class": "skip", "href": "#main"}
        ids = Counter(each["id"] for _, each in page.tags if "id" in each)
        assert [name for name, count in ids.items() if count > 1] == [], address
        asked = [each for each in page.all("input") if each["type"] not in ("hidden", "radio")] + page.all("select")
        assert {each["for"] for each in page.all("label") if "for" in each} == {each["id"] for each in asked}, address
        assert len(page.all("caption")) == len(page.all("table")), address
        assert all("scope" in each for each in page.all("th"))
        inner = {each["href"][1:] for each in page.all("a") if each["href"].startswith("#")}
        assert inner <= set(ids), address
        headings = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
        assert all(after <= before + 1 for before, after in pairwise(headings)), address


def test_every_file_a_page_asks_for_is_served(client, stocked):
    page = Page(client.get(f"/s/{stocked.company(1)}").content.decode())
    wanted = {each["href"] for each in page.all("link", "use")} | {each["src"] for each in page.all("img", "script")}
    assert len(wanted) > 10
    symbols = finders.find("parts/icons.svg")
    drawn = set(re.findall(r'id="([a-z]+)"', Path(symbols).read_text(encoding="utf-8")))
    for address in wanted:
        path, _, part = address.partition("#")
        with closing(client.get(path)) as answer:
            assert answer.status_code == 200, path
        assert not part or part in drawn


def test_hostile_text_stays_text(client, stocked):
    code = stocked.company(1)
    for address in (f"/s/{code}", f"/search?q={SCRIPT}", f"/s/{SCRIPT.replace('/', '')}", "/search?q=A市"):
        text = client.get(address).content.decode()
        assert "<script>" not in text, address
        assert "<b>粗体" not in text, address
    shown = client.get(f"/s/{code}").content.decode()
    assert "当事人自称&lt;script&gt;alert(1)&lt;/script&gt;&quot;onload=&#x27;x&#x27;" in shown


def test_the_page_of_collection_tells_how_files_fared(client, stocked):
    text = client.get("/collection").content.decode()
    assert "行数 4 = 入库 3 + 退回待核 1 + 文件内重复 0" in text
    assert "75.0%" in text
    assert "date.format" in text
    assert "PL-20260908-0001" in text
    assert "示例省公共信用信息平台" in text
    assert "示ICP备00000000号（示例）" in text


def test_the_home_page_of_an_empty_platform(client, database):
    answer = client.get("/")
    assert answer.status_code == 200
    assert 'id="feed"' not in answer.content.decode()
    assert "还没有接收过文件" in client.get("/collection").content.decode()


def test_search_finds_names_and_codes_and_says_when_it_does_not(client, stocked):
    code = stocked.company(1)
    for query in ("A市第1", "A市第1纺织有限公司", code, code.lower()):
        assert f'href="/s/{code}"' in client.get("/search", {"q": query}).content.decode(), query
    wrong = code[:17] + ("A" if code[17] != "A" else "B")
    assert f"末位应为“{code[17]}”" in client.get("/search", {"q": wrong}).content.decode()
    assert "没有查到“B市" in client.get("/search", {"q": "B市第九"}).content.decode()
    assert "请至少写两个字" in client.get("/search", {"q": "A"}).content.decode()
    assert client.get("/search", {"q": "长" * 5000}).status_code == 200
    assert client.get("/search", {"q": "\x00%_\\'; DROP TABLE"}).status_code == 200


def test_a_subjects_page_shows_what_is_public_today(client, stocked, monkeypatch):
    code = stocked.company(1)
    text = client.get(f"/s/{code}").content.decode()
    for expected in (
        "A市第1纺织有限公司",
        "A环罚〔2026〕1号",
        "最早可于<b>2026年12月3日</b>申请修复（还有11天）",
        "张**",
        "修复与异议免费",
    ):
        assert expected in text
    for zero in ("行政许可", "截至11-22未查到公示记录"):
        assert zero in text
    assert "张三丰" not in text
    assert client.get(f"/s/{find_subject(code).public_id}").content.decode() == text
    monkeypatch.setattr(views, "today", lambda: date(2027, 9, 3))
    ended = client.get(f"/s/{code}").content.decode()
    assert "A环罚〔2026〕1号" not in ended
    assert "截至 2027-09-03 未查到公示记录" in ended


def test_answers_have_the_right_status(client, stocked):
    assert client.get("/").status_code == 200
    assert client.get("/s/91990102MA00000000").status_code == 404
    assert "没有查到这个主体" in client.get("/s/91990102MA00000000").content.decode()
    assert client.get("/s/\x00").status_code == 404
    missing = client.get("/topics/某专题")
    assert missing.status_code == 404
    assert 'value="某专题"' in missing.content.decode()
    assert client.head("/").status_code == 200
    assert client.post("/search").status_code == 405
    assert "no-cache" in client.get(f"/s/{stocked.company(1)}")["Cache-Control"]


def test_a_fault_of_ours_tells_the_trace_number_and_nothing_else():
    client = Client(headers={"host": "127.0.0.1"}, raise_request_exception=False)
    answer = client.get("/")  # there is no database
    text = answer.content.decode()
    assert answer.status_code == 500
    assert answer["X-Trace"] in text
    assert "psycopg" not in text
    assert "Traceback" not in text


def test_the_commands_tell_the_same(stocked, capsys):
    code = stocked.company(1)
    assert run(["subject", code, "--as-of", "2026-11-22", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["name"], told["counts"]["administrative-penalty"]) == ("A市第1纺织有限公司", 1)
    (record,) = [each for section in told["sections"] for each in section["records"]]
    assert (record["publicity"]["repair_from"], record["provenance"]["received_on"]) == ("2026-12-03", "2026-09-08")
    assert run(["subject", code, "--as-of", "2026-11-22"]) == 0
    text = capsys.readouterr().out
    assert "行政处罚　1 条" in text
    assert "最早可申请修复：2026-12-03" in text
    assert run(["search", "A市", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["count"], found["hits"][0]["matched"]) == (2, "名称开头")
    assert run(["search", "A市", "--limit", "1"]) == 0
    assert "只列出前 1 个" in capsys.readouterr().out
    assert run(["search", "A环罚2026 1", "--json"]) == 0
    (document,) = json.loads(capsys.readouterr().out)["documents"]
    assert (document["document_no"], document["subject"]) == ("A环罚〔2026〕1号", code)
    assert run(["search", "A环罚2026 1"]) == 0
    assert "A环罚〔2026〕1号" in capsys.readouterr().out
    assert run(["search", "没有的名称"]) == 0
    assert "未查到主体" in capsys.readouterr().out
    assert run(["subject", stocked.company(99), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "subjects.not_found"


def test_search_is_narrowed_and_keeps_its_words(client, stocked):
    stocked.register([stocked.registration(3, 登记状态="注销", 注销日期="2026-08-01")], at="2026-09-02")
    everything = client.get("/search", {"q": "A市"}).content.decode()
    assert "注销 1" in everything
    closed = client.get("/search", {"q": "A市", "status": "注销"}).content.decode()
    assert f"/s/{stocked.company(3)}" in closed
    assert f"/s/{stocked.company(1)}" not in closed
    none = client.get("/search", {"q": "A市", "kind": "society"}).content.decode()
    assert "所选条件下没有主体" in none
    assert 'href="?q=A%E5%B8%82"' in none


def test_the_search_box_offers_subjects_and_checks_a_code(client, stocked):
    code = stocked.company(1)
    offered = client.get("/search/suggest", {"q": "A市第1", "box": "find"}).content.decode()
    assert f'data-go="/s/{code}"' in offered
    assert 'id="find-list"' in offered
    wrong = code[:17] + ("A" if code[17] != "A" else "B")
    assert f"末位应为“{code[17]}”" in client.get("/search/suggest", {"q": wrong}).content.decode()
    assert "<b>" not in client.get("/search/suggest", {"q": "没有的名称", "box": "<b>"}).content.decode()


def test_the_feed_shows_decisions_by_unit_and_region(client, stocked):
    address = {"item": "administrative-penalty"}
    shown = client.get("/sgs", address).content.decode()
    assert "A市第1纺织有限公司" in shown
    assert "共1条" in shown
    assert "A市第1纺织有限公司" in client.get("/sgs", {**address, "unit": stocked.source}).content.decode()
    elsewhere = client.get("/sgs", {**address, "region": "990200"}).content.decode()
    assert "A市第1纺织有限公司" not in elsewhere
    assert "清除筛选" in elsewhere
    assert "A市第1纺织有限公司" in client.get("/sgs", {**address, "page": "99"}).content.decode()
    assert "A市第1纺织有限公司" in client.get("/", address).content.decode()
    assert client.get("/sgs", {"item": "person-registration"}).status_code == 200


def test_the_feed_leaves_out_natural_persons_and_what_is_no_longer_public(client, stocked, monkeypatch):
    stocked.penalise([stocked.penalty(1, 7, 行政相对人名称="王小二", 行政相对人类别="自然人")], at="2026-09-09")
    shown = client.get("/sgs", {"item": "administrative-penalty"}).content.decode()
    assert "王小二" not in shown
    assert "〔2026〕7号" not in shown
    monkeypatch.setattr(views, "today", lambda: date(2027, 9, 3))
    assert "〔2026〕1号" not in client.get("/sgs", {"item": "administrative-penalty"}).content.decode()


def test_the_words_of_the_profile_are_pages(client, database):
    assert "不收取任何费用" in client.get("/services/repair").content.decode()
    assert client.get("/services/dual-publicity").status_code == 404  # leads to a page of its own
    assert client.get("/news/repair").status_code == 404
    assert client.get("/services/no-such").status_code == 404


def test_a_merged_subject_leads_to_the_one_it_is_part_of(client, stocked):
    loser, winner = stocked.company(2), stocked.company(1)
    pair = [find_subject(code).id for code in (loser, winner)]
    merge(*pair, reason="同一主体", by="test", now=parse_as_of("2026-09-20"))
    answer = client.get(f"/s/{loser}")
    assert (answer.status_code, answer["Location"]) == (302, f"/s/{winner}?from={loser}")
    assert "已并入本主体" in client.get(answer["Location"]).content.decode()
    assert "已并入本主体" not in client.get(f"/s/{winner}?from={winner}").content.decode()


def answering(monkeypatch, **found):
    monkeypatch.setattr(views, "search_public", lambda text, **_: SearchAnswer(text, **found))


def test_a_document_found_leads_to_its_record_and_nothing_is_said_of_subjects(client, stocked, monkeypatch):
    document = DocumentHit("R" * 16, "行政处罚", "A环罚〔2026〕1号", stocked.company(1), "A市第1纺织有限公司")
    answering(monkeypatch, documents=(document,))
    text = client.get("/search", {"q": "A环罚〔2026〕1号"}).content.decode()
    assert f'href="/r/{"R" * 16}"' in text
    assert "没有查到" not in text


def test_the_number_of_a_document_is_answered_and_offered_while_typing(client, stocked):
    text = client.get("/search", {"q": "A环罚[2026]1"}).content.decode()
    address = re.search(r'href="(/r/[0-9A-Z]{16})">A环罚〔2026〕1号', text)
    assert address is not None
    assert client.get(address[1]).status_code == 200
    offered = client.get("/search/suggest", {"q": "A环罚[2026]1", "box": "find"}).content.decode()
    assert f'data-go="{address[1]}"' in offered
    assert "1个可选" in offered


def test_the_address_in_a_finding_leads_to_the_line_of_its_rule(client, stocked):
    page = Page(client.get("/docs/rulebook").content.decode())
    lines = {each["id"] for each in page.all("tr") if "id" in each}
    assert lines == set(RULEBOOK)
    for code in RULEBOOK:
        assert document_address(code) == f"/docs/rulebook#{code}"
    assert re.search(r"\{[a-z]+\}", client.get("/docs/rulebook").content.decode()) is None


def test_similar_names_stand_apart_from_hits_with_their_reasons(client, stocked, monkeypatch):
    similar = Proposed(stocked.company(1), "A市第1纺织有限公司", "存续", 0.9, ("字号差一字",))
    answering(monkeypatch, suggestions=(similar,))
    text = client.get("/search", {"q": "A市第1纺识有限公司"}).content.decode()
    assert text.index("没有查到") < text.index("名称相近的主体") < text.index(f'href="/s/{stocked.company(1)}"')
    assert "字号差一字" in text


def test_a_list_cut_short_says_so(client, stocked, monkeypatch):
    hits = tuple(Hit(stocked.company(number), f"第{number}家", "存续", "名称") for number in range(1, 101))
    answering(monkeypatch, subjects=hits, full=True)
    text = client.get("/search", {"q": "A市", "page": "5"}).content.decode()
    assert "列出前100个" in text
    assert "第81—100个" in text
    assert "第80家" not in text
