"""Tables of the room. Other rooms come in by `services`, `queries` and `domain`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.db import models


class Subject(models.Model):
    """An organisation as its latest registration record says. `closed_on`: cancelled or revoked since that day."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "id": "none",
        "public_id": "none",
        "uscc": "none",
        "org_code": "none",
        "reg_no": "none",
        "name": "none",
        "name_norm": "none",
        "status": "none",
        "region": "none",
        "closed_on": "none",
        "created_at": "none",
        "updated_at": "none",
    }

    id = models.UUIDField(primary_key=True)
    public_id = models.CharField("公开编号", max_length=16, unique=True)
    uscc = models.CharField("统一社会信用代码", max_length=18, unique=True)
    org_code = models.CharField("组织机构代码", max_length=9, db_index=True)
    reg_no = models.CharField("工商注册号", max_length=50, blank=True)
    name = models.CharField("名称", max_length=200)
    name_norm = models.CharField("比对名称", max_length=200)
    status = models.CharField("登记状态", max_length=16)
    region = models.CharField("行政区划代码", max_length=6, blank=True)
    closed_on = models.DateField("注销或吊销日期", null=True)
    created_at = models.DateTimeField("首次登记时间")
    updated_at = models.DateTimeField("更新时间")

    class Meta:
        verbose_name = "信用主体"

    def __str__(self) -> str:
        return self.name


class SubjectName(models.Model):
    """A present or former name. `since`: when we learnt it; a former name keeps its row. `reading`: see readings.py."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "id": "none",
        "subject": "none",
        "name": "none",
        "name_norm": "none",
        "reading": "none",
        "current": "none",
        "since": "none",
    }

    id = models.BigAutoField(primary_key=True)
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="names")
    name = models.CharField("名称", max_length=200)
    name_norm = models.CharField("比对名称", max_length=200)
    reading = models.TextField("读音", db_default="", default="")
    current = models.BooleanField("现名")
    since = models.DateTimeField("获知时间")

    class Meta:
        verbose_name = "主体名称"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["subject", "name_norm"], name="subjects_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class Merge(models.Model):
    """Two subjects judged to be one. Records stay where they are; the winner's page shows both until it is undone."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "id": "none",
        "loser": "none",
        "winner": "none",
        "reason": "none",
        "merged_at": "none",
        "merged_by": "pseudonymous",
        "undone_at": "none",
        "undone_by": "pseudonymous",
        "undo_reason": "none",
    }

    id = models.AutoField(primary_key=True)
    loser = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="merges_as_loser")
    winner = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="merges_as_winner")
    reason = models.TextField("理由")
    merged_at = models.DateTimeField("合并时间")
    merged_by = models.CharField("经办", max_length=150)
    undone_at = models.DateTimeField("撤销时间", null=True)
    undone_by = models.CharField("撤销经办", max_length=150, blank=True)
    undo_reason = models.TextField("撤销理由", blank=True)

    class Meta:
        verbose_name = "主体合并"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["loser"], condition=models.Q(undone_at__isnull=True), name="subjects_merged_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.loser_id} → {self.winner_id}"
