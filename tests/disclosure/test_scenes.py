"""The six scenes of government: what each sees of a firm (or a person), what needs consent, what it says it did not check."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from pypdf import PdfReader
from tests.disclosure.conftest import NOW, PERSON

from xinshu.disclosure.asking import carry_out, query
from xinshu.disclosure.cards import register_card
from xinshu.disclosure.consents import Offer, ask, give
from xinshu.disclosure.domain import LARGEST_ON_PAPER, Asked, Outcome
from xinshu.disclosure.downloads import fetch, forms_of, make_link
from xinshu.disclosure.models import Ticket
from xinshu.disclosure.results import as_json
from xinshu.disclosure.review import decide_query
from xinshu.disclosure.trail import identify
from xinshu.kernel.errors import XinshuError
from xinshu.kernel.identifiers import CitizenId

NAME = "A市第1纺织有限公司"
LATER = timedelta(minutes=1)
# scene: items it must show of the firm, items it must not look at, an item the firm has to consent to
SCENES: Mapping[str, tuple[set[str], set[str], str]] = {
    "administrative-approval": (
        {"enterprise-registration", "administrative-penalty", "serious-dishonesty-list", "administrative-license"},
        {"tax-arrears", "honor", "court-judgment"},
        "",
    ),
    "government-service": (
        {"enterprise-registration", "administrative-license", "honor", "serious-dishonesty-list"},
        {"administrative-penalty", "tax-arrears", "court-judgment"},
        "",
    ),
    "fiscal-funds": (
        {"enterprise-registration", "administrative-penalty", "serious-dishonesty-list", "honor"},
        {"administrative-license", "court-judgment"},
        "tax-arrears",
    ),
    "award-evaluation": (
        {"enterprise-registration", "administrative-penalty", "serious-dishonesty-list", "honor"},
        {"administrative-license", "tax-arrears", "court-judgment"},
        "tax-credit-rating",
    ),
    "public-resource-trading": (
        {"enterprise-registration", "administrative-penalty", "serious-dishonesty-list", "administrative-license"},
        {"tax-arrears", "honor"},
        "court-judgment",
    ),
}
LOADED = (
    "administrative-license",
    "serious-dishonesty-list",
    "honor",
    "tax-arrears",
    "tax-credit-rating",
    "court-judgment",
)


def example(world, item: str) -> dict[str, str]:
    """A record of the first firm by the examples of the catalogue."""
    found = world.desk.catalogue[item]
    titles = {each.code: each.title for each in found.fields}
    row = {each.title: each.example for each in found.fields if each.example}
    roles = found.roles
    given = {
        roles.counterpart_name: NAME,
        roles.uscc: world.company(1),
        roles.source_name: "A市生态环境局",
        roles.source_code: world.source,
        roles.authority_code: world.source,
        roles.authority_name: "A市生态环境局",
    }
    row |= {titles[code]: value for code, value in given.items() if code in titles}
    others = {"行政相对人代码_2(工商注册号)", "行政相对人代码_3(组织机构代码)", "行政相对人代码_4(税务登记号)"}
    return {title: value for title, value in row.items() if title not in others}


@pytest.fixture
def known(gate, world):
    """The first firm with a record of each kind the scenes tell apart."""
    for item in LOADED:
        report = world.load(item, [example(world, item)])
        assert report.accepted == 1, (item, report)
    return gate


@pytest.mark.parametrize("scene", SCENES)
def test_a_scene_shows_its_items_and_says_what_it_did_not_check(scene, known, officer, make_request):
    shown, unchecked, consented = SCENES[scene]
    result = query(known, officer, make_request(purpose=scene), NOW).result
    (subject,) = result.subjects
    items = {fact.item for fact in subject.facts}
    title = {code: item.title for code, item in known.catalogue.items()}
    assert subject.outcome is Outcome.DISCLOSED
    assert shown <= items
    assert not unchecked & items
    assert {title[each] for each in unchecked} <= set(result.not_checked)
    assert {"银行征信记录", "公安违法犯罪记录", "外省未共享的信息"} <= set(result.not_checked)
    assert {title[each] for each in shown} <= set(result.checked)
    assert not set(result.checked) & set(result.not_checked)
    assert consented not in items
    assert (title[consented] in subject.withheld) if consented else not subject.withheld


@pytest.mark.parametrize("scene", [each for each, (_, _, consented) in SCENES.items() if consented])
def test_what_needs_consent_is_shown_with_it_and_to_that_scene_only(scene, known, world, officer, make_request):
    item = SCENES[scene][2]
    purpose = known.purpose(scene, NOW.date())
    offer = Offer(
        subject=Asked("organisation", world.company(1)),
        grantee=officer.unit,
        purpose=scene,
        fields=tuple(key for key, opening in known.openings(purpose).items() if opening.consent and key[0] == item),
        legal_basis="主体授权",
        valid_from=NOW - LATER,
        valid_to=NOW + timedelta(days=30),
        max_uses=5,
        per_day=5,
        text_version="2026.1",
        channel="portal",
        evidence="ab" * 32,
    )
    give(known, officer, ask(known, officer, offer, NOW).number, NOW)
    for each, (_, _, consented) in SCENES.items():
        (subject,) = query(known, officer, make_request(purpose=each), NOW + LATER).result.subjects
        assert (item in {fact.item for fact in subject.facts}) == (each == scene), (each, consented)


@pytest.mark.parametrize("scene", SCENES)
def test_personal_numbers_stay_masked_in_every_scene(scene, known, world, officer, make_request):
    world.penalise([world.penalty(1, 9, 法定代表人证件类型="身份证", 法定代表人证件号码=PERSON)])
    result = query(known, officer, make_request(purpose=scene), NOW).result
    assert PERSON not in str(as_json(result))


def recruiting(make_request, *codes: str):
    return make_request(
        purpose="civil-service",
        legal_basis="《中华人民共和国公务员法》",
        matter_no="LY-2026-12",
        subjects=tuple(Asked("person", each) for each in codes or (PERSON,)),
    )


def approve(gate, actor, number):
    ticket = Ticket.objects.get(number=number)
    counts = {"field_count": ticket.field_count, "subject_count": ticket.subject_count}
    return decide_query(gate, actor, number, approve=True, reason="", now=NOW, **counts)


def consent(gate, officer, code=PERSON):
    """The person's consent on paper."""
    purpose = gate.purpose("civil-service", NOW.date())
    offer = Offer(
        subject=Asked("person", code),
        grantee=officer.unit,
        purpose="civil-service",
        fields=tuple(gate.openings(purpose)),
        legal_basis="《公务员录用规定》",
        valid_from=NOW - LATER,
        valid_to=NOW + timedelta(days=30),
        max_uses=1,
        per_day=1,
        text_version="2026.1",
        channel="paper",
        evidence="cd" * 32,
    )
    return give(gate, officer, ask(gate, officer, offer, NOW).number, NOW)


def refused(code, work):
    with pytest.raises(XinshuError) as found:
        work()
    assert found.value.code == code


def test_recruiting_needs_two_approvals_by_two_people(gate, personnel, make_request, make_actor, audited):
    officer, first, second = personnel
    number = query(gate, officer, recruiting(make_request), NOW).number
    assert Ticket.objects.get().approvers == 2
    refused("disclosure.not_approved", lambda: carry_out(gate, officer, number, NOW))
    assert approve(gate, first, number).value == "waiting"
    refused("disclosure.same_approver", lambda: approve(gate, first, number))
    other_account = make_actor("shen2", unit=first.unit, roles=first.roles, person=first.person)
    refused("disclosure.same_approver", lambda: approve(gate, other_account, number))
    refused("disclosure.not_approved", lambda: carry_out(gate, officer, number, NOW))
    assert approve(gate, second, number).value == "ready"
    consent(gate, officer)
    assert carry_out(gate, officer, number, NOW).state.value == "done"
    assert [row["code"] for row in audited(outcome="refused", ticket=number)] == [
        "disclosure.not_approved",
        "disclosure.same_approver",
        "disclosure.same_approver",
        "disclosure.not_approved",
    ]


def test_one_approval_taken_back_from_the_table_is_not_enough(gate, personnel, make_request):
    officer, first, second = personnel
    number = query(gate, officer, recruiting(make_request), NOW).number
    approve(gate, first, number)
    approve(gate, second, number)
    Ticket.objects.get().approvals.filter(person=first.person).delete()
    refused("disclosure.edited_after_approval", lambda: carry_out(gate, officer, number, NOW))


def test_recruiting_shows_nothing_without_the_persons_consent(gate, personnel, make_request, audited):
    officer, first, second = personnel
    number = query(gate, officer, recruiting(make_request), NOW).number
    approve(gate, first, number)
    approve(gate, second, number)
    (subject,) = carry_out(gate, officer, number, NOW).result.subjects
    assert (subject.outcome, subject.facts, subject.name) == (Outcome.UNAUTHORISED, (), "")
    assert audited(action="disclosure.query")[-1]["code"] == "disclosure.no_consent"


def test_recruiting_says_what_was_not_checked_and_its_result_is_sealed(gate, personnel, make_request):
    officer, first, second = personnel
    consent(gate, officer)
    number = query(gate, officer, recruiting(make_request), NOW).number
    approve(gate, first, number)
    approve(gate, second, number)
    result = carry_out(gate, officer, number, NOW).result
    (subject,) = result.subjects
    assert "行政处罚" in {fact.title for fact in subject.facts}
    outside = {"干部人事档案", "公安违法犯罪记录", "银行征信记录", "纪检监察信息", "外省未共享的信息"}
    assert outside <= set(result.not_checked)
    assert {"企业登记信息", "欠税信息"} & set(result.not_checked)
    ticket = Ticket.objects.get()
    assert forms_of(gate, ticket) == ["pdf"]
    for form in ("csv", "xlsx"):
        refused("disclosure.link_unknown", lambda form=form: make_link(gate, officer, number, form, NOW))
    for other in (first, second):
        refused("disclosure.not_registered", lambda other=other: make_link(gate, other, number, "pdf", NOW))
    file = fetch(gate, officer, make_link(gate, officer, number, "pdf", NOW), NOW)
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(file.content)).pages)
    assert number in text
    assert all(each in text.replace("\n", "") for each in outside)
    assert identify(gate, file.content).mark == file.mark
    assert identify(gate, file.content + b" ") is None


def test_a_sealed_result_has_no_card_and_is_for_no_other_purpose_or_kind_of_unit(
    gate, personnel, officer, make_request
):
    asked = recruiting(make_request)
    refused("disclosure.card_shut", lambda: register_card(gate, personnel[0], asked, "某", NOW))
    refused("disclosure.purpose_not_listed", lambda: query(gate, officer, asked, NOW))
    firms = make_request(purpose="civil-service")
    refused("disclosure.subject_kind", lambda: query(gate, personnel[0], firms, NOW))


def test_no_more_people_at_once_than_go_on_paper(gate, personnel, make_request):
    codes, day = [], date(1890, 1, 1)
    while len(codes) <= LARGEST_ON_PAPER:
        stem = f"990101{day:%Y%m%d}001"
        codes += [f"{stem}{last}" for last in "0123456789X" if CitizenId.is_valid(f"{stem}{last}")]
        day += timedelta(days=1)
    asked = recruiting(make_request, *codes[: LARGEST_ON_PAPER + 1])
    refused("disclosure.batch_limit", lambda: query(gate, personnel[0], asked, NOW))
    asked = recruiting(make_request, *codes[:LARGEST_ON_PAPER])
    assert query(gate, personnel[0], asked, NOW).state.value == "waiting"
