"""Handing in by the page: what is taken, what is refused and how, what each organisation sees."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from xinshu.collection.channels import loading
from xinshu.collection.models import Batch, HandIn

ITEM = "administrative-penalty"


def upload(browser: Client, content: bytes | str, name: str = "行政处罚11月.csv", item: str = ITEM):
    body = content.encode() if isinstance(content, str) else content
    return browser.post("/c/submit", {"item": item, "file": SimpleUploadedFile(name, body)})


@pytest.fixture
def rows(world) -> bytes:
    """One good row, one with two errors, one doubtful, one a duplicate: as CSV."""
    return world.file(
        [
            world.penalty(1),
            world.penalty(
                1, 2, 处罚决定日期="2026.9.3.1", **{"行政相对人代码_1(统一社会信用代码)": "91990102MA00000X"}
            ),
            world.penalty(1, 3, **{"罚款金额（万元）": "20000"}),
            world.penalty(1),
        ]
    ).read_bytes()


@pytest.fixture
def loaded(world, browser, rows, work) -> str:
    """The number of a batch with all four kinds of rows, loaded."""
    world.register([world.registration(1)])
    upload(browser, rows)
    work()
    return Batch.objects.get(item=ITEM).label


def test_an_upload_is_stored_sealed_and_answered_with_its_batch(world, browser, rows):
    answer = upload(browser, rows)
    batch, found = Batch.objects.get(), HandIn.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/c/submit/{batch.label}")
    assert (found.state, found.channel, batch.supplier, batch.file) == (
        "queued",
        "web",
        world.source,
        "行政处罚11月.csv",
    )
    kept = list((world.desk.settings.home / "raw").rglob("*.sealed"))
    assert len(kept) == 1
    assert "超标排放".encode() not in kept[0].read_bytes()
    assert list((world.desk.settings.home / "work").iterdir()) == []


def test_the_page_shows_the_progress_before_and_the_result_after(world, browser, rows, work):
    world.register([world.registration(1)])
    address = upload(browser, rows)["Location"]
    waiting = browser.get(address).content.decode()
    assert "等待处理" in waiting
    assert f'hx-get="{address}/progress"' in waiting
    assert '<noscript><meta http-equiv="refresh"' in waiting
    assert "处理进度" in browser.get(f"{address}/progress").content.decode()
    work()
    assert browser.get(f"{address}/progress")["HX-Refresh"] == "true"
    page = browser.get(address).content.decode()
    shown = re.findall(r"<dd>([\d,]+)", page)
    assert shown == ["1", "1", "1", "1", "4"]
    assert "可入库" in page


def test_the_four_totals_add_up_in_print_and_in_the_bar(browser, loaded):
    page = browser.get(f"/c/submit/{loaded}").content.decode()
    *parts, whole = (int(each) for each in re.findall(r"<dd>([\d,]+)", page))
    assert sum(parts) == whole == 4
    widths = [float(each) for each in re.findall(r'<rect class="pbar__\w+" x="[\d.]+%" y="0" width="([\d.]+)%"', page)]
    assert sum(widths) == pytest.approx(100, abs=0.01)
    assert len(widths) == 4


def test_doubts_are_confirmed_by_their_own_reporter_and_lead_to_the_batch_that_loads_them(
    browser, loaded, work, sign_in, stranger
):
    address = f"/c/submit/{loaded}/confirm"
    assert f'action="{address}"' in browser.get(f"/c/submit/{loaded}").content.decode()
    assert browser.get(address).status_code == 405
    assert sign_in(stranger).post(address).status_code == 404
    assert Batch.objects.filter(item=ITEM).count() == 1
    answer = browser.post(address)
    work()
    page = browser.get(answer["Location"]).content.decode()
    assert re.findall(r"<dd>([\d,]+)", page) == ["2", "1", "0", "1", "4"]
    assert "已由报送单位确认无误" in page
    assert "/confirm" not in page
    assert browser.get("/c/submit").content.decode().count("疑问已确认") == 1
    first = browser.get(f"/c/submit/{loaded}").content.decode()
    assert f'href="{answer["Location"]}"' in first
    assert f'action="{address}"' not in first
    assert browser.post(answer["Location"] + "/confirm")["Location"] == answer["Location"]


def test_each_problem_filters_to_as_many_lines_as_it_says(browser, loaded):
    page = browser.get(f"/c/submit/{loaded}").content.decode()
    chips = re.findall(r'href="\?(problem=[\w.=&;]+)#issues"[^>]*>.*?<b>(\d+)</b>', page, re.DOTALL)
    assert len(chips) >= 3
    for query, count in chips:
        lines = browser.get(f"/c/submit/{loaded}?{query.replace('&amp;', '&')}").content.decode()
        assert lines.count('data-l="问题"') == int(count)


def test_rows_show_subject_number_value_problem_and_fix(browser, loaded):
    page = browser.get(f"/c/submit/{loaded}").content.decode()
    assert "A市第1纺织有限公司" in page
    assert "A环罚〔2026〕2号" in page
    assert "2026.9.3.1" in page
    assert "第 3 行「处罚决定日期」" in page


def test_personal_names_are_masked_in_the_list(world, browser, work):
    person = {"行政相对人类别": "自然人", "行政相对人名称": "欧阳锋锋", "行政相对人代码_1(统一社会信用代码)": ""}
    upload(browser, world.file([world.penalty(1, 处罚决定日期="x", **person)]).read_bytes())
    work()
    page = browser.get(f"/c/submit/{Batch.objects.get().label}").content.decode()
    assert "欧**" in page
    assert "欧阳" not in page


def test_lists_are_cut_into_pages_and_odd_page_numbers_do_no_harm(world, browser, work):
    bad = [world.penalty(1, number, 处罚决定日期="x") for number in range(1, 31)]
    upload(browser, world.file(bad).read_bytes())
    work()
    address = f"/c/submit/{Batch.objects.get().label}"
    first = browser.get(address).content.decode()
    assert "第 1—20 个，共 30 个" in first
    for page in ("2", "99"):
        assert browser.get(f"{address}?page={page}").content.decode().count('data-l="问题"') == 10
    for query in ("page=x", "page=-1", "level=nothing", "field=%00", "problem=%00&page=0"):
        assert browser.get(f"{address}?{query}").status_code == 200


def test_the_original_comes_back_annotated(world, browser, work):
    book = openpyxl.Workbook()
    good, bad = world.penalty(1), world.penalty(1, 2, 处罚决定日期="2026.9.3.1")
    book.active.append(list(good))
    book.active.append(list(good.values()))
    book.active.append(list(bad.values()))
    raw = BytesIO()
    book.save(raw)
    upload(browser, raw.getvalue(), "处罚 11 月.xlsx")
    work()
    answer = browser.get(f"/c/submit/{Batch.objects.get().label}/annotated.xlsx")
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    sheet = openpyxl.load_workbook(BytesIO(b"".join(answer.streaming_content))).active
    headings = [cell.value for cell in sheet[1]]
    assert headings[-1] == "问题说明"
    assert "错误" not in sheet.cell(2, len(headings)).value
    assert "处罚决定日期" in sheet.cell(3, len(headings)).value
    assert sheet.cell(3, headings.index("处罚决定日期") + 1).fill.fgColor.rgb not in {None, "00000000"}
    assert list((world.desk.settings.home / "work").iterdir()) == []


def test_the_findings_are_a_file_for_spreadsheets(browser, loaded):
    answer = browser.get(f"/c/submit/{loaded}/findings.csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert text.startswith("file,sheet,row,field")
    assert "行政处罚11月.csv" in text
    assert "attachment" in answer["Content-Disposition"]


def test_the_same_file_again_is_the_same_batch_and_says_so(browser, rows, loaded, work):
    answer = upload(browser, rows, "又一次.csv")
    assert answer["Location"] == f"/c/submit/{loaded}"
    work()
    page = browser.get(f"/c/submit/{loaded}").content.decode()
    assert "没有再次入库" in page
    assert Batch.objects.filter(item=ITEM).count() == 1


def test_a_file_refused_as_a_whole_says_why_and_loads_nothing(browser, work):
    upload(browser, "别的列,又一列\n1,2\n")
    work()
    page = browser.get(f"/c/submit/{Batch.objects.get().label}").content.decode()
    assert "整份退回" in page
    assert "缺少必填列" in page
    assert "下载模板" in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param({"item": "", "file": SimpleUploadedFile("a.csv", b"x")}, "没有选择目录事项", id="no item"),
        pytest.param({"item": "nothing", "file": SimpleUploadedFile("a.csv", b"x")}, "没有目录事项", id="unknown item"),
        pytest.param({"item": ITEM}, "没有收到文件", id="no file"),
        pytest.param({"item": ITEM, "file": SimpleUploadedFile("a" * 201, b"x")}, "含有控制字符", id="endless name"),
    ],
)
def test_what_cannot_be_taken_is_said_at_the_field(browser, fields, words):
    answer = browser.post("/c/submit", fields)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count(words) == 2  # on top and at the field
    assert 'aria-invalid="true"' in page
    assert not Batch.objects.exists()


def test_a_file_over_the_limit_is_not_kept(world, browser, settings_with):
    small = settings_with(home=world.desk.settings.home, profile="demo", web_max_bytes=1000)
    world.desk = replace(world.desk, settings=small)
    answer = upload(browser, b"a" * 1001)
    assert answer.status_code == 422
    assert "文件超过" in answer.content.decode()
    assert not Batch.objects.exists()
    assert not (small.home / "raw").exists()


def test_too_many_rows_for_the_page_are_refused_as_a_whole(world, browser, rows, work, monkeypatch):
    upload(browser, rows)
    whole = loading.limits_of(world.desk.settings, "web")
    assert (whole.max_bytes, whole.max_rows) == (200 << 20, 200_000)
    monkeypatch.setattr(loading, "limits_of", lambda *_: replace(whole, max_rows=3))
    work()
    assert HandIn.objects.get().state == "refused"
    assert "整份退回" in browser.get(f"/c/submit/{Batch.objects.get().label}").content.decode()


@pytest.mark.parametrize("tail", ["", "/progress", "/findings.csv", "/annotated.xlsx"])
def test_another_organisation_s_batch_is_answered_like_none(sign_in, stranger, loaded, tail):
    other = sign_in(stranger)
    foreign = other.get(f"/c/submit/{loaded}{tail}")
    none = other.get(f"/c/submit/PL-20200101-0001{tail}")
    assert (foreign.status_code, none.status_code) == (404, 404)
    plain = [each.content.decode().replace(loaded, "X").replace("PL-20200101-0001", "X") for each in (foreign, none)]
    assert plain[0] == plain[1]


def test_lists_and_tray_hold_the_own_organisation_s_only(sign_in, stranger, browser, loaded):
    assert loaded in browser.get("/c/submit").content.decode()
    assert loaded in browser.get("/c/tray").content.decode()
    other = sign_in(stranger)
    assert loaded not in other.get("/c/submit").content.decode()
    assert loaded not in other.get("/c/tray").content.decode()


def test_a_batch_by_command_line_is_in_the_list_too(world, browser):
    world.penalise([world.penalty(1), world.penalty(1, 2, 处罚决定日期="x")])
    label = Batch.objects.get().label
    assert "命令行" in browser.get("/c/submit").content.decode()
    assert browser.get(f"/c/submit/{label}").status_code == 200


def test_the_template_of_an_item_opens(browser):
    answer = browser.get(f"/c/submit/template?item={ITEM}")
    sheet = openpyxl.load_workbook(BytesIO(b"".join(answer.streaming_content))).worksheets[0]
    assert "行政相对人名称" in [str(cell.value).rstrip("*") for cell in sheet[1]]
    assert browser.get("/c/submit/template?item=nothing").status_code == 422


def test_an_upload_without_our_token_is_not_taken(site, reporter, world):
    client = Client(enforce_csrf_checks=True, headers={"host": "127.0.0.1"})
    page = client.get("/login").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    client.post("/login", {"login": "liu", "password": reporter.password, "csrfmiddlewaretoken": token})
    answer = upload(client, "x")
    assert answer.status_code == 403
    assert not Batch.objects.exists()


def test_a_stranger_s_upload_is_not_even_read(site, world):
    answer = upload(Client(headers={"host": "127.0.0.1"}), b"x" * 1000)
    assert answer.status_code == 302
    assert not (world.desk.settings.home / "work").exists()


def test_hostile_text_stays_text(world, browser, work):
    hostile = "<script>alert(1)</script>"
    upload(
        browser, world.file([world.penalty(1, 处罚决定日期=hostile)]).read_bytes(), f"{hostile.replace('/', '')}.csv"
    )
    work()
    label = Batch.objects.get().label
    for address in ("/c/submit", f"/c/submit/{label}", "/c/tray"):
        assert "<script>alert" not in browser.get(address).content.decode()
    watermark = browser.get("/c/watermark.svg")
    assert watermark["Content-Type"] == "image/svg+xml"
    assert "刘某" in watermark.content.decode()


def test_pages_are_kept_by_no_cache_and_have_no_inline_script_or_style(browser, loaded):
    for address in ("/c/submit", f"/c/submit/{loaded}", "/c/tray"):
        answer = browser.get(address)
        assert answer["Cache-Control"] == "no-store"
        assert not re.search(r"<script(?![^>]*src=)|\sstyle=|\son\w+=", answer.content.decode())
