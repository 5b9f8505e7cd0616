"""Errors of the rules. A broken profile file is `xinshu.kernel.errors.ProfileInvalid`."""

from __future__ import annotations

from datetime import date

from xinshu.kernel.errors import XinshuError


class DeadlineUnknown(XinshuError):
    """No deadline of that name is declared, or none of its versions covers the day of the event."""

    code = "rules.deadline_unknown"

    def __init__(self, name: str, event_date: date | None = None) -> None:
        reason = "没有定义" if event_date is None else f"没有覆盖 {event_date.isoformat()} 的版本"
        super().__init__(f"时限 {name} {reason}", fix="在区域配置 rules/deadlines.yaml 中补充该时限或版本")
        self.name, self.event_date = name, event_date


class NoRuleSet(XinshuError):
    """No publicity rule set is in force on the day asked for."""

    code = "rules.no_rule_set"

    def __init__(self, day: date) -> None:
        super().__init__(
            f"{day.isoformat()} 没有生效的公示规则", fix="在区域配置 rules/publicity.yaml 中补充该日期适用的规则"
        )
        self.day = day
