"""`xinshu subject --full`: through the gate, for operators of a credit centre, on the record."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.disclosure.conftest import NOW

from xinshu.disclosure.asking import query
from xinshu.disclosure.errors import NotAllowed, PurposeNotListed
from xinshu.security.domain import Role
from xinshu.security.queries import organisations


@pytest.fixture
def operator(gate, make_actor):
    centre = next(each.uscc for each in organisations() if each.kind == "credit-centre")
    return make_actor("yun", roles=frozenset({Role.OPERATOR}), unit=centre)


@pytest.fixture
def upkeep(make_request):
    return make_request(purpose="data-upkeep", legal_basis="平台运行维护职责")


def test_an_operator_sees_everything_masked_and_is_on_the_record(gate, operator, upkeep, audited):
    (subject,) = query(gate, operator, upkeep, NOW).result.subjects
    shown = {cell.title: cell.value for fact in subject.facts for cell in fact.cells}
    assert shown["法定代表人"] == "张**"
    assert [row["action"] for row in audited()] == ["disclosure.operator"]


def test_others_do_not_pass(gate, operator, officer, upkeep):
    with pytest.raises(NotAllowed):
        query(gate, officer, upkeep, NOW)
    with pytest.raises(PurposeNotListed):
        query(gate, replace(operator, unit=officer.unit), upkeep, NOW)
