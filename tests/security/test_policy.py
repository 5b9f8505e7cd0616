"""The one policy: the matrix decides, and nothing that it does not allow happens."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from xinshu.security.domain import ADMINISTRATORS, Actor, Role
from xinshu.security.matrix import LEGAL, OPERATIONS, SCOPES, Scope
from xinshu.security.policy import PolicyRefused, covers, decide, require

NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)
UNIT, OTHER = "11990000000000027A", "11990000000000043T"


def actor(*roles: Role, **changes: object) -> Actor:
    made = Actor(
        id="u1",
        name="查",
        roles=frozenset(roles),
        unit=UNIT,
        region="990100",
        person="p1",
        second_factor_at=NOW,
        mandate=frozenset({LEGAL, *SCOPES}),
    )
    return replace(made, **changes)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("action", list(OPERATIONS))
def test_the_matrix_is_what_is_decided(role, action):
    operation = OPERATIONS[action]
    expected = role in operation.roles and not (operation.subject_data and role in ADMINISTRATORS)
    assert decide(actor(role), action, unit=UNIT, region="990100", now=NOW).allowed is expected


@pytest.mark.parametrize("administrator", sorted(ADMINISTRATORS))
@pytest.mark.parametrize("action", [name for name, each in OPERATIONS.items() if each.subject_data])
def test_an_administrator_reads_no_subject_data_whatever_else_he_is(administrator, action):
    found = decide(actor(*Role, administrator), action, unit=UNIT, now=NOW)
    assert (found.allowed, found.code) == (False, "policy.duties_separated")


@pytest.mark.parametrize(
    ("action", "who", "where", "code"),
    [
        pytest.param("no.such", actor(*Role), {}, "policy.operation_unknown", id="unknown operation"),
        pytest.param("disclosure.query", actor(), {"unit": UNIT}, "policy.role_missing", id="no post"),
        pytest.param("audit.search", actor(Role.OPERATOR), {}, "policy.role_missing", id="another post"),
        pytest.param(
            "disclosure.query", actor(Role.QUERY_OFFICER), {"unit": OTHER}, "policy.other_unit", id="another unit"
        ),
        pytest.param(
            "disclosure.query", actor(Role.QUERY_OFFICER, unit=""), {}, "policy.other_unit", id="a user without unit"
        ),
        pytest.param(
            "records.keep", actor(Role.STEWARD), {"region": "990200"}, "policy.other_region", id="another city"
        ),
        pytest.param(
            "records.keep",
            actor(Role.STEWARD, items=frozenset({"tax-credit-a"})),
            {"region": "990101", "item": "administrative-penalty"},
            "policy.other_item",
            id="another item",
        ),
        *(
            pytest.param(
                action,
                actor(Role.ENTERPRISE, mandate=frozenset({LEGAL, *SCOPES}) - {operation.mandate}),
                {"unit": UNIT},
                "policy.mandate_scope",
                id=f"{action} out of the mandate's scope",
            )
            for action, operation in OPERATIONS.items()
            if operation.mandate
        ),
        pytest.param(
            "disclosure.batch_export",
            actor(Role.QUERY_OFFICER, second_factor_at=None),
            {"unit": UNIT},
            "policy.step_up_required",
            id="no second factor",
        ),
    ],
)
def test_a_refusal_has_its_own_code(action, who, where, code):
    found = decide(who, action, now=NOW, **where)
    assert (found.allowed, found.code) == (False, code)
    assert found.reason
    with pytest.raises(PolicyRefused) as caught:
        require(who, action, now=NOW, **where)
    assert caught.value.code == code


@pytest.mark.parametrize(("seconds", "allowed"), [(299, True), (300, True), (301, False)])
def test_step_up_lasts_five_minutes(seconds, allowed):
    who = actor(Role.SECURITY_ADMIN, second_factor_at=NOW - timedelta(seconds=seconds))
    assert decide(who, "identity.role_change", now=NOW).allowed is allowed


@pytest.mark.parametrize(
    "action", ["disclosure.batch_export", "key.rotate", "consent.override", "identity.role_change"]
)
def test_what_security_asks_a_fresh_factor_for_has_it(action):
    assert OPERATIONS[action].step_up


@pytest.mark.parametrize(
    ("region", "other", "expected"),
    [
        ("990000", "990102", True),
        ("990100", "990102", True),
        ("990100", "990200", False),
        ("990102", "990103", False),
        ("990102", "990100", False),
        ("", "990100", False),
        ("990000", "", False),
        ("980000", "990100", False),
    ],
)
def test_a_region_covers_those_in_it(region, other, expected):
    assert covers(region, other) is expected


def test_operations_of_one_unit_or_region_are_never_open_to_all_units():
    assert {name for name, each in OPERATIONS.items() if each.scope is Scope.ANY and each.subject_data} == {
        "disclosure.operator"
    }
