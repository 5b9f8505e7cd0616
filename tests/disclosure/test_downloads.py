"""Copies: links, what is judged anew at the fetch, watermarks that survive, the whole trail."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import replace
from datetime import timedelta

import openpyxl
import orjson
import pypdf
import pypdfium2
import pytest
import zxingcpp
from tests.disclosure.conftest import NOW
from tests.disclosure.test_limits import approved_batch

from xinshu.disclosure.asking import query
from xinshu.disclosure.assembling import Facts
from xinshu.disclosure.batches import run_batch
from xinshu.disclosure.consents import narrow, pause, revoke
from xinshu.disclosure.domain import Disclosed, Fact, Head, Heading, Outcome, Result, Told
from xinshu.disclosure.downloads import confirm_destroyed, fetch, make_link
from xinshu.disclosure.errors import Refused
from xinshu.disclosure.models import Copy, Link, Ticket
from xinshu.disclosure.results import keeping_result, open_result
from xinshu.disclosure.tables import HEADINGS, Wearer, as_csv, harmless
from xinshu.disclosure.trail import identify, trail
from xinshu.disclosure.upkeep import sweep
from xinshu.kernel.errors import XinshuError
from xinshu.security.domain import Role


@pytest.fixture
def done(gate, officer, approver, make_request) -> Ticket:
    """A batch of three that was carried out."""
    ticket = approved_batch(gate, officer, approver, make_request, 1, 2, 3)
    run_batch(gate, ticket, NOW)
    return Ticket.objects.get(id=ticket)


@pytest.fixture
def take(gate, officer):
    """Fetch a result in a form."""

    def get(ticket, form="csv", at=NOW, actor=None):
        actor = replace(actor or officer, second_factor_at=at)
        return fetch(gate, actor, make_link(gate, actor, ticket.number, form, at), at)

    return get


def refusal(work) -> str:
    with pytest.raises(XinshuError) as refused:
        work()
    return refused.value.code


def test_the_file_lies_sealed_and_opens_whole(gate, done, world):
    (path,) = (gate.settings.home / "disclosed").iterdir()
    content = path.read_bytes()
    assert world.company(1).encode() not in content
    assert "张三丰".encode() not in content
    assert [each.code for each in open_result(gate, done.id).subjects] == [world.company(n) for n in (1, 2, 3)]


def test_a_csv_has_a_row_for_each_record_and_its_watermark_below(gate, done, take, officer):
    file = take(done)
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert tuple(rows[0]) == HEADINGS
    assert len(rows) == 1 + 5 + 3  # registrations and two penalties; three lines below
    assert file.mark in rows[-1][0]
    assert done.number in rows[-1][0]
    assert officer.name in rows[-1][0]
    assert rows[-2][0].startswith("未核查：")


def test_a_link_is_good_once_for_its_session_user_and_time(gate, done, officer, make_actor, audited):
    token = make_link(gate, officer, done.number, "csv", NOW)
    other = replace(officer, session="another")
    assert refusal(lambda: fetch(gate, other, token, NOW)) == "disclosure.link_unknown"
    assert refusal(lambda: fetch(gate, make_actor("zhou", session=officer.session), token, NOW)) == (
        "disclosure.link_unknown"
    )
    assert refusal(lambda: fetch(gate, officer, "x" * 43, NOW)) == "disclosure.link_unknown"
    assert fetch(gate, officer, token, NOW).content
    assert refusal(lambda: fetch(gate, officer, token, NOW)) == "disclosure.link_unknown"
    assert token not in str(list(Link.objects.values_list("token", "session")))
    codes = [row["code"] for row in audited(action="disclosure.download")]
    assert codes == ["disclosure.link_unknown"] * 3 + ["", "disclosure.link_unknown"]


def test_a_result_is_fetched_three_times_and_not_more(done, take):
    for _ in range(3):
        take(done)
    assert refusal(lambda: take(done)) == "disclosure.fetches_used_up"


@pytest.mark.parametrize(("seconds", "open_still"), [(-1, True), (0, False), (1, False)])
def test_a_file_lives_seven_days(seconds, open_still, gate, done, take):
    at = NOW + timedelta(days=7, seconds=seconds)
    swept = sweep(gate, at).files
    assert swept == int(not open_still)
    if open_still:
        assert take(done, at=at).content
    else:
        assert refusal(lambda: take(done, at=at)) == "disclosure.file_expired"


@pytest.mark.parametrize(
    ("minutes", "code"), [(5, ""), (6, "policy.step_up_required"), (None, "policy.step_up_required")]
)
def test_a_batch_leaves_only_with_a_fresh_second_factor(minutes, code, gate, done, officer, audited):
    """Five minutes old is fresh; older, or none at all, is refused at the link and at the fetch, and the link stays good."""
    stale = replace(officer, second_factor_at=None if minutes is None else NOW - timedelta(minutes=minutes))
    token = make_link(gate, officer, done.number, "csv", NOW)
    if not code:
        assert fetch(gate, stale, token, NOW).content
        return
    assert refusal(lambda: make_link(gate, stale, done.number, "csv", NOW)) == code
    assert refusal(lambda: fetch(gate, stale, token, NOW)) == code
    assert [row["code"] for row in audited(action="disclosure.download")] == [code, code]
    assert fetch(gate, officer, token, NOW).content


def test_a_single_result_needs_no_fresh_factor(gate, officer, make_request):
    old = replace(officer, second_factor_at=None)
    number = query(gate, old, make_request(), NOW).number
    assert fetch(gate, old, make_link(gate, old, number, "csv", NOW), NOW).content


def test_roles_are_judged_at_the_fetch(gate, done, officer):
    token = make_link(gate, officer, done.number, "csv", NOW)
    demoted = replace(officer, roles=frozenset({Role.REPORTER}))
    assert refusal(lambda: fetch(gate, demoted, token, NOW)) == "disclosure.grounds_gone"


@pytest.fixture
def bank_query(gate, banker, financing, make_consent):
    """A bank's single query on a consent good for one use."""
    consent = make_consent(max_uses=1, per_day=1)
    return consent, Ticket.objects.get(number=query(gate, banker, financing(), NOW).number)


@pytest.mark.parametrize("end", [revoke, pause])
def test_a_consent_that_ended_between_query_and_fetch_shuts_the_file(end, gate, bank_query, banker, take, audited):
    consent, ticket = bank_query
    if end is pause:
        type(consent).objects.update(state="given", used=0)
    else:
        type(consent).objects.update(state="given")
    end(banker, consent.number, NOW)
    assert refusal(lambda: take(ticket, actor=banker)) == "disclosure.grounds_gone"
    assert audited()[-1]["code"] == "disclosure.grounds_gone"
    assert Copy.objects.count() == 0


def test_a_used_up_consent_still_lets_its_own_result_be_fetched(bank_query, banker, take):
    _, ticket = bank_query
    assert "张三丰".encode() in take(ticket, actor=banker).content


def test_a_consent_narrowed_since_cuts_the_copy(gate, bank_query, banker, take):
    consent, ticket = bank_query
    type(consent).objects.update(state="given", used=0)
    narrow(gate, banker, consent.number, (("administrative-penalty", "CF_WSH"),), NOW)
    content = take(ticket, actor=banker).content.decode()
    assert "A环罚〔2026〕1号" in content
    assert "张三丰" not in content


def test_the_number_comes_back_from_the_text_of_every_page(gate, done, take, officer):
    file = take(done, "pdf")
    paper = pypdf.PdfReader(io.BytesIO(file.content))
    assert len(paper.pages) > 1
    for page in paper.pages:
        text = page.extract_text()
        assert file.mark in text
        assert done.number in text
        assert officer.name in text
    assert file.mark in paper.metadata["/Keywords"]


def test_the_number_comes_back_from_a_picture_of_a_page(done, take):
    file = take(done, "pdf")
    paper = pypdfium2.PdfDocument(file.content)
    for number in range(len(paper)):
        picture = paper[number].render(scale=2, grayscale=True).to_numpy()
        texts = [each.text for each in zxingcpp.read_barcodes(picture)]
        assert texts == [f"{done.number} {file.mark}"]


def test_every_sheet_carries_the_watermark(done, take):
    file = take(done, "xlsx")
    book = openpyxl.load_workbook(io.BytesIO(file.content))
    assert len(book.sheetnames) >= 4
    for sheet in book:
        assert file.mark in sheet["A1"].value
        assert file.mark in sheet.cell(sheet.max_row, 1).value
        assert file.mark in sheet.oddHeader.left.text
    assert file.mark in book.properties.keywords


def many(gate, ticket, count=30) -> Result:
    """A result with many subjects, under a ticket that asked about them."""
    heading = Heading("i", "行政处罚", (("A", "文号"),))
    subjects = tuple(
        Disclosed(
            f"{number:018d}",
            f"第{number}公司",
            Outcome.DISCLOSED,
            (Fact(heading, "某局", None, NOW.date(), ("A〔2026〕1号",)),),
        )
        for number in range(count)
    )
    return replace(open_result(gate, ticket.id), subjects=subjects)


def rewrite(gate, ticket, result: Result) -> None:
    """Put another result into the place of that of a batch."""
    headings = list(dict.fromkeys(fact.heading for each in result.subjects for fact in each.facts))
    head = Head(*(getattr(result, name) for name in Head._fields))
    with keeping_result(gate, ticket.id) as sheet:
        for each in result.subjects:
            facts = [[headings.index(fact.heading), *fact[1:]] for fact in each.facts]
            told = Told(each.code, each.name, each.outcome, each.status, each.withheld, len(facts))
            sheet.take([(told, Facts(orjson.dumps(facts)[1:-1], len(facts)))])
        sheet.close(head, headings)


@pytest.fixture
def leaked(gate, done, take, monkeypatch):
    """The lines of a copy with thirty subjects; two other copies of the same query are about."""
    whole = open_result(gate, done.id)
    first = whole.subjects[0]
    big = replace(many(gate, done), subjects=(first, *many(gate, done).subjects))
    rewrite(gate, done, big)
    copies = [take(done) for _ in range(3)]
    return copies[1].mark, copies[1].content.decode("utf-8-sig").splitlines()


def test_a_csv_without_its_tail_leads_to_its_recipient(gate, leaked, officer):
    mark, lines = leaked
    source = identify(gate, "\n".join(lines[:-3]).encode())
    assert (source.mark, source.recipient, source.by, source.rows_changed) == (mark, officer.id, "check_number", 0)


def test_a_few_rows_in_any_order_lead_to_it_too(gate, leaked, world):
    mark, lines = leaked
    own = [line for line in lines if world.company(1) in line]
    some = own + random.Random(1).sample(lines[1:-3], 5)
    random.Random(2).shuffle(some)
    assert identify(gate, "\n".join(some).encode()).mark == mark


def test_a_changed_row_is_seen(gate, leaked):
    mark, lines = leaked
    changed = [line.replace("第7公司", "第七公司") for line in lines[:-3]]
    source = identify(gate, "\n".join(changed).encode())
    assert (source.mark, source.rows_changed) == (mark, 1)


def test_without_check_numbers_the_order_leads_to_it(gate, leaked):
    mark, lines = leaked
    rows = [line.rsplit(",", 1)[0] for line in lines[1:-3]]
    thinned = [row for place, row in enumerate(rows) if place % 3 or "9199" in row]
    source = identify(gate, "\n".join(thinned).encode())
    assert (source.mark, source.by) == (mark, "order")


def test_a_file_of_nobody_leads_nowhere(gate, leaked):
    assert identify(gate, b"a,b,c\n1,2,3\n") is None
    assert identify(gate, b"") is None


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        pytest.param("=1+1", "'=1+1", id="equals"),
        pytest.param(" +A1", "' +A1", id="blank before"),
        pytest.param("@SUM(A1)", "'@SUM(A1)", id="at"),
        pytest.param("－2", "'－2", id="full width"),
        pytest.param("\u200b=A1", "'\u200b=A1", id="invisible before"),
        pytest.param("\t=A1", "'\t=A1", id="tab"),
        pytest.param("-12.5", "-12.5", id="a negative amount stays a number"),
        pytest.param("A市第1公司", "A市第1公司", id="plain"),
    ],
)
def test_no_cell_runs_as_a_formula(cell, expected):
    assert harmless(cell) == expected


def test_formulas_in_the_data_leave_as_text(gate, done):
    name = '=HYPERLINK("http://x")'
    result = replace(open_result(gate, done.id), subjects=(Disclosed("1" * 18, name, Outcome.NONE_FOUND),))
    content = as_csv(result, Wearer("M" * 16, done.number, "某局", "某人", NOW, "行政审批"), gate.vault)
    assert f"'{name}" in next(csv.reader(content.decode("utf-8-sig").splitlines()[1:]))


def test_the_whole_trail_in_one_call(gate, bank_query, banker, take, audited):
    consent, ticket = bank_query
    file = take(ticket, "pdf", actor=banker)
    sweep(gate, NOW + timedelta(days=60))
    confirm_destroyed(gate, banker, ticket.number, "已删除电子文件", NOW + timedelta(days=61))
    found = trail(banker, file.mark, NOW)
    whats = [each.what for each in found.steps]
    assert sorted(whats) == sorted(
        ["consent_asked", "consent_given", "registered", "disclosed", "link_made", "fetched", "reminded", "destroyed"]
    )
    assert [each.at for each in found.steps] == sorted(each.at for each in found.steps)
    assert trail(banker, ticket.number, NOW).as_dict() == found.as_dict()
    traces = {
        row["trace"] for row in audited() if row["ticket"] == ticket.number or row["action"].startswith("consent")
    }
    assert traces == {consent.trace}
    assert refusal(lambda: take(ticket, actor=banker)) == "disclosure.file_expired"


def test_there_is_no_trail_of_an_unknown_number(officer, gate):
    assert refusal(lambda: trail(officer, "CX-0000000000000000", NOW)) == "disclosure.mark_unknown"


def test_every_refusal_of_the_gate_has_words(gate):
    waiting = [Refused]
    while waiting:
        each = waiting.pop()
        waiting += each.__subclasses__()
        assert each().message
        assert each("细节").message.endswith("细节")
        assert each().fix
