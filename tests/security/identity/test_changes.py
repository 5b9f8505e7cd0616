"""Changes of posts: one proposes, another decides, once; the three administrators exclude each other, also over time."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from xinshu.security.audit.models import Entry
from xinshu.security.domain import ADMINISTRATORS, Role
from xinshu.security.identity.changes import Proposal, decide_change, propose, withdraw
from xinshu.security.identity.errors import (
    ChangeDecided,
    ChangeIncomplete,
    ChangePointless,
    ChangeUnknown,
    CoolOff,
    DutiesExclusive,
    LastSecurityAdministrator,
    OwnRecord,
    SamePerson,
)
from xinshu.security.identity.separation import excluded_by
from xinshu.security.models import Post, RoleChange, RoleDecision, User
from xinshu.security.policy import RoleMissing, StepUpRequired

_STAFF_WITH_DATA = {Role.OPERATOR, Role.STEWARD, Role.QUERY_OFFICER, Role.QUERY_APPROVER, Role.REPORTER}


def exclude(one: Role, other: Role) -> bool:
    """The rule in words: an administrator holds neither another administrator's post nor one that reads subject data."""
    if one is other:
        return False
    both = {one, other}
    return both <= ADMINISTRATORS or bool(both & ADMINISTRATORS and both & _STAFF_WITH_DATA)


@pytest.fixture
def system(make_user, as_actor):
    return as_actor(make_user("xitong", Role.SYSTEM_ADMIN))


@pytest.fixture
def security(make_user, as_actor):
    return as_actor(make_user("anquan", Role.SECURITY_ADMIN))


def ask(user: User, role: Role = Role.QUERY_OFFICER, *, give: bool = True, reason: str = "新任") -> Proposal:
    return Proposal(user=user.pk, role=role, give=give, reason=reason)


def refusals() -> list[str]:
    return list(Entry.objects.filter(outcome="refused").order_by("id").values_list("code", flat=True))


def test_one_proposes_another_decides_and_then_the_post_is_held(make_user, system, security, now):
    user = make_user("jia")
    change = propose(system, ask(user), now)
    assert User.objects.get(pk=user.pk).roles == set()
    decide_change(security, change.pk, change.version, now, approve=True)
    post = Post.objects.get(user=user)
    assert (post.role, post.from_at, post.to_at) == ("query_officer", now, None)
    actions = list(Entry.objects.filter(ticket=str(change.pk)).order_by("id").values_list("action", "actor"))
    assert actions == [("identity.role_propose", system.id), ("identity.role_change", security.id)]


def test_refused_or_withdrawn_nothing_is_held(make_user, system, security, now):
    user = make_user("jia")
    refused = propose(system, ask(user), now)
    decide_change(security, refused.pk, refused.version, now, approve=False)
    withdrawn = propose(system, ask(user, Role.STEWARD), now)
    withdraw(system, withdrawn.pk, now)
    with pytest.raises(ChangeDecided):
        decide_change(security, withdrawn.pk, withdrawn.version + 1, now, approve=True)
    assert not Post.objects.filter(user=user).exists()
    assert set(RoleChange.objects.values_list("state", flat=True)) == {"refused", "withdrawn"}


@pytest.mark.parametrize("held", list(Role))
def test_every_pair_of_posts_by_two_accounts_of_one_person(make_user, system, now, held):
    first = make_user("jia", held)
    for number, asked in enumerate(Role):
        second = make_user(f"jia{number}", person=first.person)
        if exclude(held, asked):
            with pytest.raises(DutiesExclusive):
                propose(system, ask(second, asked), now)
        else:
            assert propose(system, ask(second, asked), now).state == "proposed"
        assert (held in excluded_by(asked)) is exclude(held, asked)
    assert refusals() == ["identity.duties_exclusive"] * sum(exclude(held, asked) for asked in Role)


@pytest.mark.parametrize(("held", "asked"), list(itertools.permutations(sorted(ADMINISTRATORS), 2)))
def test_between_two_administrators_posts_lie_thirty_days(make_user, system, now, held, asked):
    user = make_user("jia", held)
    Post.objects.filter(user=user).update(to_at=now)
    for seconds, allowed in ((-1, False), (0, True), (1, True)):
        then = now + timedelta(days=30, seconds=seconds)
        asker = replace(system, second_factor_at=then)
        if allowed:
            propose(asker, ask(user, asked), then)
        else:
            with pytest.raises(CoolOff):
                propose(asker, ask(user, asked), then)
    assert refusals() == ["identity.cool_off"]


@pytest.mark.parametrize(("held", "asked"), list(itertools.permutations(sorted(ADMINISTRATORS), 2)))
def test_the_database_refuses_two_administrators_posts_of_one_person(make_user, now, held, asked):
    first = make_user("jia", held)
    second = make_user("jia2", person=first.person)
    with pytest.raises(IntegrityError), transaction.atomic():
        Post.objects.create(user=second, role=asked.value, organisation_id=second.organisation_id, from_at=now)


def test_what_was_allowed_when_proposed_is_asked_again_when_decided(make_user, system, security, now):
    user = make_user("jia")
    change = propose(system, ask(user, Role.AUDIT_ADMIN), now)
    Post.objects.create(user=user, role="operator", organisation_id=user.organisation_id, from_at=now)
    with pytest.raises(DutiesExclusive):
        decide_change(security, change.pk, change.version, now, approve=True)
    assert RoleChange.objects.get().state == "proposed"


@pytest.mark.parametrize("account", ["same", "second"])
def test_nobody_decides_what_he_proposed_by_whatever_account(make_user, as_actor, now, account):
    proposer = make_user("jia", Role.SECURITY_ADMIN)
    second = make_user("jia2", Role.SECURITY_ADMIN, person=proposer.person)
    change = propose(as_actor(proposer), ask(make_user("yi")), now)
    with pytest.raises(SamePerson):
        decide_change(as_actor(proposer if account == "same" else second), change.pk, 1, now, approve=True)
    assert refusals() == ["identity.same_person"]
    assert not RoleDecision.objects.exists()


def test_nobody_acts_on_his_own_posts(make_user, as_actor, system, now):
    user = make_user("jia", Role.SECURITY_ADMIN)
    second = make_user("jia2", person=user.person)
    for own in (user, second):
        with pytest.raises(OwnRecord):
            propose(as_actor(user), ask(own, Role.ENTERPRISE), now)
    change = propose(system, ask(second, Role.ENTERPRISE), now)
    with pytest.raises(OwnRecord):
        decide_change(as_actor(user), change.pk, 1, now, approve=True)
    assert refusals() == ["identity.own_record"] * 3


@pytest.mark.parametrize("role", [each for each in Role if each not in {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN}])
def test_others_neither_propose_nor_decide(make_user, as_actor, system, now, role):
    other = as_actor(make_user("jia", role))
    target = make_user("yi")
    change = propose(system, ask(target), now)
    with pytest.raises(RoleMissing):
        propose(other, ask(target, Role.STEWARD), now)
    with pytest.raises(RoleMissing):
        decide_change(other, change.pk, 1, now, approve=True)


def test_a_system_administrator_proposes_but_does_not_decide(make_user, system, as_actor, now):
    change = propose(system, ask(make_user("jia")), now)
    with pytest.raises(RoleMissing):
        decide_change(as_actor(make_user("yi", Role.SYSTEM_ADMIN)), change.pk, 1, now, approve=True)


def test_without_a_fresh_second_factor_nothing_is_proposed_or_decided(make_user, system, security, now):
    target = make_user("jia")
    later = now + timedelta(minutes=5, seconds=1)
    with pytest.raises(StepUpRequired):
        propose(system, ask(target), later)
    change = propose(system, ask(target), now)
    with pytest.raises(StepUpRequired):
        decide_change(security, change.pk, 1, later, approve=True)
    assert refusals() == ["policy.step_up_required"] * 2


@pytest.mark.parametrize(
    ("change", "error"),
    [
        pytest.param({"reason": "  "}, ChangeIncomplete, id="no reason"),
        pytest.param({"give": False}, ChangePointless, id="a post that is not held"),
    ],
)
def test_a_proposal_that_says_too_little_or_nothing(make_user, system, now, change, error):
    with pytest.raises(error):
        propose(system, ask(make_user("jia"), **change), now)
    assert not RoleChange.objects.exists()


def test_a_change_seen_in_another_version_or_unknown_is_not_decided(make_user, system, security, now):
    change = propose(system, ask(make_user("jia")), now)
    with pytest.raises(ChangeDecided):
        decide_change(security, change.pk, 2, now, approve=True)
    with pytest.raises(ChangeUnknown):
        decide_change(security, make_user("yi").pk, 1, now, approve=True)


def test_the_last_security_administrator_stays(make_user, system, as_actor, now):
    last = make_user("jia", Role.SECURITY_ADMIN)
    with pytest.raises(LastSecurityAdministrator):
        propose(system, ask(last, Role.SECURITY_ADMIN, give=False), now)
    second = make_user("yi", Role.SECURITY_ADMIN)
    change = propose(system, ask(last, Role.SECURITY_ADMIN, give=False), now)
    Post.objects.filter(user=last).exclude(role="security_admin").delete()
    decide_change(as_actor(second), change.pk, 1, now, approve=True)
    assert Post.objects.get(user=last).to_at == now


def test_thirty_two_threads_decide_once_each_change(make_user, system, as_actor, now):
    deciders = [as_actor(make_user(f"an{number}", Role.SECURITY_ADMIN)) for number in range(32)]
    changes = [propose(system, ask(make_user(f"jia{number}")), now) for number in range(6)]

    def decide(number: int) -> list[str]:
        told = []
        try:
            for change in changes:
                try:
                    decide_change(deciders[number], change.pk, 1, now, approve=number % 2 == 0)
                    told.append("decided")
                except ChangeDecided as late:
                    told.append(late.message)
        finally:
            connection.close()
        return told

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(decide, range(32)))
    for position, change in enumerate(changes):
        column = [each[position] for each in answers]
        assert column.count("decided") == 1
        decision = RoleDecision.objects.get(change=change)
        name = decision.decided_by.display_name
        assert all(name in each for each in column if each != "decided")
        assert Post.objects.filter(user_id=change.user_id).exists() is decision.approved
        done = Entry.objects.filter(action="identity.role_change", ticket=str(change.pk), outcome="done")
        assert done.count() == 1


def test_a_decision_is_never_changed_by_the_program(make_user, system, security, now):
    change = propose(system, ask(make_user("jia")), now)
    decide_change(security, change.pk, 1, now, approve=False)
    for statement in ("UPDATE security_roledecision SET approved = true", "DELETE FROM security_roledecision"):
        with pytest.raises(Exception, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
