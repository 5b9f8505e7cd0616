"""Mandates: who may act for a firm, for what and until when; whatever is outside is refused under its own code."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, connections, transaction

from xinshu.kernel.errors import XinshuError
from xinshu.security.audit.models import Entry
from xinshu.security.domain import Actor, Role
from xinshu.security.identity.errors import MandateEnded, MandateInvalid, MandateNotBegun, MandateUnknown
from xinshu.security.identity.mandates import (
    MandateLine,
    MandateState,
    acting_for,
    end,
    give,
    given,
    mine,
    state_legal,
)
from xinshu.security.identity.provider import Firm
from xinshu.security.models import Mandate, User
from xinshu.security.policy import MandateScope, RoleMissing
from xinshu.security.rowsecurity import row_context

SECOND = timedelta(seconds=1)
FIRM, OTHER = Firm("91990102MA0000016U", "某厂"), Firm("91990102MA0000024N", "另一厂")


@pytest.fixture
def legal(make_user, as_actor, now) -> Actor:
    """The legal person of the firm, as of his sign-in."""
    user = make_user("faren", Role.ENTERPRISE)
    state_legal(user, [FIRM], now)
    return as_actor(user, now)


@pytest.fixture
def handler(make_user, as_actor, now) -> Actor:
    """Somebody known, with no mandate."""
    return as_actor(make_user("jingban", Role.ENTERPRISE), now)


@pytest.fixture
def let(legal, now) -> Callable[..., MandateLine]:
    """Give the handler a mandate of the firm for thirty days."""

    def make(*scope: str, by: Actor = legal, firm: str = FIRM.uscc, at: datetime = now, **changes) -> MandateLine:
        given = {"handler": "jingban", "name": "jingban某", "to_at": now + timedelta(days=30)} | changes
        return give(by, firm, scope=scope or ("view",), now=at, **given)

    return make


def decisions() -> list[tuple[str, str, str]]:
    found = Entry.objects.filter(action="identity.mandate").order_by("id")
    return [(each.outcome, each.code, json.loads(each.detail or "{}").get("kind", "")) for each in found]


def test_a_handler_acts_within_scope_and_time(legal, handler, let, now):
    made = let("view", to_at=now + timedelta(days=30))
    acting = acting_for(handler, FIRM.uscc, "disclosure.own", now)
    assert (acting.unit, acting.mandate, acting.id) == (FIRM.uscc, {"view"}, handler.id)
    with pytest.raises(MandateScope) as refused:
        acting_for(handler, FIRM.uscc, "consent.revoke", now)
    assert refused.value.code == "policy.mandate_scope"
    acting_for(handler, FIRM.uscc, "disclosure.own", made.to_at - SECOND)
    for late in (made.to_at, made.to_at + SECOND):
        with pytest.raises(MandateEnded) as refused:
            acting_for(handler, FIRM.uscc, "disclosure.own", late)
        assert refused.value.code == "identity.mandate_ended"


def test_before_its_first_moment_a_mandate_is_not_good(handler, let, now):
    begins = now + timedelta(days=3)
    made = let("view", from_at=begins)
    assert made.state is MandateState.TO_COME
    with pytest.raises(MandateNotBegun):
        acting_for(handler, FIRM.uscc, "disclosure.own", begins - SECOND)
    acting_for(handler, FIRM.uscc, "disclosure.own", begins)


def test_both_sides_see_it_and_a_third_does_not(legal, handler, let, make_user, as_actor, now):
    let("view", "consent")
    (theirs,) = given(legal, FIRM.uscc, now)
    (own,) = mine(handler, now)
    assert theirs == own
    assert (own.handler, own.giver, own.words) == ("jingban某", "faren某", "查看本企业信息、办理信息授权")
    third = as_actor(make_user("luren", Role.ENTERPRISE), now)
    assert mine(third, now) == []
    for nobody in (third, handler):
        with pytest.raises(XinshuError):
            given(nobody, FIRM.uscc, now)


def test_what_is_taken_back_is_over_at_once_on_both_sides(legal, handler, let, now):
    made = let("view")
    later = now + timedelta(minutes=1)
    end(legal, made.id, later)
    with pytest.raises(MandateEnded):
        acting_for(handler, FIRM.uscc, "disclosure.own", later)
    assert mine(handler, later) == []
    (shown,) = given(legal, FIRM.uscc, later)
    assert (shown.state, shown.ended_at) == (MandateState.TAKEN_BACK, later)
    with pytest.raises(MandateEnded):
        end(legal, made.id, later + SECOND)


def test_a_handler_gives_up_by_himself(handler, let, now):
    end(handler, let("view").id, now + SECOND)
    assert mine(handler, now + SECOND) == []
    assert decisions()[-1] == ("done", "", "give_up")


def test_every_decision_and_refusal_is_on_the_record(legal, handler, let, now):
    made = let("view")
    with pytest.raises(MandateScope):
        let("view", by=handler)
    with pytest.raises(MandateUnknown):
        let("view", firm=OTHER.uscc)
    with pytest.raises(MandateInvalid):
        let("view", name="别人")
    end(legal, made.id, now + SECOND)
    assert decisions() == [
        ("done", "", "legal"),
        ("done", "", "give"),
        ("refused", "policy.mandate_scope", ""),
        ("refused", "identity.mandate_unknown", ""),
        ("refused", "identity.mandate_invalid", ""),
        ("done", "", "end"),
    ]
    assert {bytes(each) for each in Entry.objects.filter(outcome="done").values_list("object_ref", flat=True)} != {b""}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"handler": "nobody"}, id="unknown handler"),
        pytest.param({"name": "别人"}, id="another name"),
        pytest.param({"handler": "faren", "name": "faren某"}, id="himself"),
        pytest.param({"handler": "yuangong", "name": "yuangong某"}, id="staff"),
        pytest.param({"handler": "second", "name": "second某"}, id="himself by another account"),
        pytest.param({"to_at": timedelta(0)}, id="ends now"),
        pytest.param({"to_at": timedelta(days=366, seconds=1)}, id="a second more than a year"),
        pytest.param({"from_at": timedelta(days=30)}, id="begins when it ends"),
    ],
)
def test_an_impossible_mandate_is_refused(legal, handler, let, make_user, now, changes):
    make_user("yuangong", Role.QUERY_OFFICER)
    make_user("second", Role.ENTERPRISE, person=legal.person)
    told = {name: now + value if isinstance(value, timedelta) else value for name, value in changes.items()}
    with pytest.raises(MandateInvalid):
        let("view", **told)
    assert Mandate.objects.count() == 0  # without a context of rows


@pytest.mark.parametrize("scope", [("legal",), ("view", "every"), ("",)])
def test_a_scope_that_is_not_to_be_passed_on_is_refused(handler, let, scope):
    with pytest.raises(MandateInvalid):
        let(*scope)


def test_a_disabled_handler_is_given_nothing(handler, let):
    User.objects.filter(pk=handler.id).update(is_active=False)
    with pytest.raises(MandateInvalid):
        let("view")


def test_a_handler_has_one_mandate_of_a_firm(legal, handler, let, now):
    first = let("view")
    with pytest.raises(MandateInvalid):
        let("consent")
    end(legal, first.id, now + SECOND)
    let("consent", at=now + SECOND)
    assert acting_for(handler, FIRM.uscc, "consent.give", now + SECOND).mandate == {"consent"}


def test_of_eight_who_give_at_once_one_does(legal, handler, let):
    told: list[object] = []

    def try_it() -> None:
        try:
            told.append(let("view").id)
        except XinshuError as refused:
            told.append(refused.code)
        connections.close_all()

    threads = [threading.Thread(target=try_it) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(str(each) for each in told if each == "identity.mandate_invalid") == ["identity.mandate_invalid"] * 7


def test_who_is_no_longer_the_legal_person_gives_and_ends_nothing(legal, handler, let, make_user, as_actor, now):
    made = let("view")
    state_legal(User.objects.get(pk=legal.id), [], now + SECOND)
    with pytest.raises(MandateEnded):
        given(legal, FIRM.uscc, now + SECOND)
    with pytest.raises(MandateUnknown):
        end(legal, made.id, now + SECOND)
    next_one = make_user("xinren", Role.ENTERPRISE)
    state_legal(next_one, [FIRM], now + SECOND)
    acting_for(handler, FIRM.uscc, "disclosure.own", now + SECOND)  # the mandate is the firm's
    (seen,) = given(as_actor(next_one, now), FIRM.uscc, now + SECOND)
    end(as_actor(next_one, now), seen.id, now + 2 * SECOND)
    with pytest.raises(MandateEnded):
        acting_for(handler, FIRM.uscc, "disclosure.own", now + 2 * SECOND)


def test_the_providers_word_is_good_for_twelve_hours(legal, now):
    acting_for(legal, FIRM.uscc, "identity.mandate", now + timedelta(hours=12) - SECOND)
    with pytest.raises(MandateEnded):
        acting_for(legal, FIRM.uscc, "identity.mandate", now + timedelta(hours=12))


def test_a_mandate_of_one_firm_opens_no_other(legal, handler, let, make_user, now):
    state_legal(make_user("linju", Role.ENTERPRISE), [OTHER], now)
    made = let("view", "consent")
    for who in (legal, handler):
        with pytest.raises(MandateUnknown):
            acting_for(who, OTHER.uscc, "disclosure.own", now)
    with pytest.raises(MandateUnknown):
        end(handler_of_other := acting_for_other(make_user, now), made.id, now)
    assert handler_of_other.unit == OTHER.uscc


def acting_for_other(make_user, now) -> Actor:
    user = User.objects.get(username="linju")
    actor = Actor(
        id=str(user.pk), name="", roles=frozenset({Role.ENTERPRISE}), unit="", region="", person=str(user.person)
    )
    return acting_for(actor, OTHER.uscc, "identity.mandate", now)


def test_an_enterprise_user_who_lost_his_post_acts_for_nobody(legal, now):
    with pytest.raises(MandateUnknown):
        acting_for(Actor(**{**_facts(legal), "roles": frozenset()}), FIRM.uscc, "disclosure.own", now)


def test_an_operation_of_staff_is_opened_by_no_mandate(legal, now):
    with pytest.raises(RoleMissing):
        acting_for(legal, FIRM.uscc, "disclosure.query", now)


def _facts(actor: Actor) -> dict[str, object]:
    return {name: getattr(actor, name) for name in Actor.__slots__}


@pytest.mark.parametrize(
    "change",
    [
        {"scope": "view consent"},
        {"firm": OTHER.uscc},
        {"capacity": "legal"},
        {"to_at": None},
        {"ended_at": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_program_cannot_change_what_was_given(legal, handler, let, now, change):
    made = let("view")
    if "ended_at" in change:
        end(legal, made.id, now + SECOND)
    if "to_at" in change:
        change = {"to_at": now + timedelta(days=300)}
    with pytest.raises(DatabaseError), transaction.atomic(), row_context(every_row=True):
        Mandate.objects.filter(pk=made.id).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic(), row_context(every_row=True):
        Mandate.objects.filter(pk=made.id).delete()


def test_raw_sql_without_a_context_sees_no_mandate(legal, handler, let, now):
    let("view")
    assert Mandate.objects.count() == 0
    with transaction.atomic(), row_context(unit=OTHER.uscc):
        assert Mandate.objects.count() == 0
    with transaction.atomic(), row_context(unit=FIRM.uscc):
        assert Mandate.objects.count() == 2
