"""Tables of the room. Other rooms come in by `services`, `queries` and `domain`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.db import models


class Batch(models.Model):
    """One file of one supplier for one item version. Its totals add up (docs/checks.md); empty until it is loaded."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "id": "none",
        "label": "none",
        "supplier": "none",
        "item": "none",
        "item_version": "none",
        "file": "none",
        "digest": "none",
        "confirmed": "none",
        "received_at": "none",
        "state": "none",
        "rows": "none",
        "new": "none",
        "updated": "none",
        "unchanged": "none",
        "doubtful": "none",
        "duplicates": "none",
        "unlinked": "none",
        "seconds": "none",
        "finished_at": "none",
    }

    id = models.AutoField(primary_key=True)
    label = models.CharField("批次号", max_length=20, unique=True)
    supplier = models.CharField("来源单位", max_length=18)
    item = models.CharField("事项", max_length=80)
    item_version = models.CharField("目录版本", max_length=40)
    file = models.CharField("文件名", max_length=255)
    digest = models.CharField("SHA-256", max_length=64)
    confirmed = models.BooleanField("疑问已确认", default=False)  # the same file without and with it: two batches
    received_at = models.DateTimeField("接收时间")
    state = models.CharField("状态", max_length=10)  # received, loaded, refused
    rows = models.IntegerField("行数", default=0)
    new = models.IntegerField("新增", default=0)
    updated = models.IntegerField("更新", default=0)
    unchanged = models.IntegerField("未变", default=0)
    doubtful = models.IntegerField("疑问", default=0)
    duplicates = models.IntegerField("重复", default=0)
    unlinked = models.IntegerField("未关联", default=0)
    seconds = models.FloatField("用时（秒）", default=0)
    finished_at = models.DateTimeField("完成时间", null=True)

    class Meta:
        verbose_name = "批次"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["supplier", "item", "item_version", "digest", "confirmed"],
                name="collection_same_file_same_batch",
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["supplier", "-id"], name="collection_batch_of_supplier")
        ]

    def __str__(self) -> str:
        return self.label


class HandIn(models.Model):
    """A file handed in by a channel, and how far the job that loads it has come. The same file again is the same batch."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "id": "none",
        "batch": "none",
        "channel": "none",
        "sender": "pseudonymous",
        "size": "none",
        "received_at": "none",
        "state": "none",
        "step": "none",
        "share": "none",
        "rows": "none",
        "attempts": "none",
        "started_at": "none",
        "finished_at": "none",
        "code": "none",
        "message": "none",
        "fix": "none",
        "trace": "none",
        "idempotency_key": "none",
        "place": "none",
        "signature": "none",
        "settled_at": "none",
    }

    id = models.UUIDField(primary_key=True, editable=False)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="hand_ins")
    channel = models.CharField("渠道", max_length=6)  # web, http, folder
    sender = models.CharField("经手", max_length=36, blank=True)  # id of a user or number of an API key
    size = models.BigIntegerField("字节数")
    received_at = models.DateTimeField("接收时间")
    state = models.CharField("状态", max_length=8)  # queued, running, done, refused, failed
    step = models.CharField("步骤", max_length=20, blank=True)
    share = models.FloatField("完成比例", default=0)
    rows = models.IntegerField("已处理行数", default=0)
    attempts = models.IntegerField("次数", default=0)
    started_at = models.DateTimeField("开始时间", null=True)
    finished_at = models.DateTimeField("完成时间", null=True)
    code = models.CharField("错误代码", max_length=60, blank=True)
    message = models.TextField("原因", blank=True)
    fix = models.TextField("改法", blank=True)
    trace = models.CharField("追踪号", max_length=19, blank=True)
    idempotency_key = models.CharField("幂等键", max_length=200, blank=True)
    place = models.TextField("文件夹中的位置", blank=True)
    signature = models.CharField("文件特征", max_length=80, blank=True)
    settled_at = models.DateTimeField("移走时间", null=True)

    class Meta:
        verbose_name = "报送"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["sender", "idempotency_key"],
                condition=~models.Q(idempotency_key=""),
                name="collection_idempotency_key",
            ),
            models.UniqueConstraint(
                fields=["place", "signature"], condition=~models.Q(place=""), name="collection_folder_file_once"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["received_at"],
                condition=models.Q(state__in=["queued", "running"]),
                name="collection_hand_in_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.channel} {self.state}"


class BatchCounter(models.Model):
    """The last number given to a batch of a Shanghai day; the table is made by SQL (migration 0002)."""

    personal_data: ClassVar[Mapping[str, str]] = {"day": "none", "last": "none"}

    day = models.DateField(primary_key=True)
    last = models.IntegerField()

    class Meta:
        managed = False
        db_table = "collection_batch_counter"

    def __str__(self) -> str:
        return f"{self.day} {self.last}"


class DoubtfulRow(models.Model):
    """A row that was not loaded, whole and sealed, waiting for its supplier; duplicates too."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "id": "none",
        "batch": "none",
        "row_no": "none",
        "duplicate": "none",
        "sealed": "sealed",
    }

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="doubtful_rows")
    row_no = models.IntegerField("行号")
    duplicate = models.BooleanField("文件内重复")
    sealed = models.BinaryField("整行内容")

    class Meta:
        verbose_name = "疑问数据"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["batch", "row_no"], name="collection_doubtful_once")
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}:{self.row_no}"


class StoredFinding(models.Model):
    """A finding of a batch; its value and texts are masked already."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "id": "none",
        "batch": "none",
        "sheet": "none",
        "row_no": "none",
        "field": "none",
        "title": "none",
        "rule": "none",
        "level": "none",
        "value": "none",
        "message": "none",
        "fix": "none",
    }

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="findings")
    sheet = models.TextField("工作表", blank=True)
    row_no = models.IntegerField("行号")
    field = models.TextField("列代码", blank=True)
    title = models.TextField("列名", blank=True)
    rule = models.TextField("规则")
    level = models.TextField("级别")
    value = models.TextField("值", blank=True)
    message = models.TextField("提示")
    fix = models.TextField("改法")

    class Meta:
        verbose_name = "校验结果"

    def __str__(self) -> str:
        return f"{self.batch_id}:{self.row_no} {self.rule}"


class Tally(models.Model):
    """Counts of a batch by region and month of the event; the sums of these rows are the batch's totals."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "id": "none",
        "batch": "none",
        "region": "none",
        "event_month": "none",
        "rows": "none",
        "new": "none",
        "updated": "none",
        "unchanged": "none",
        "doubtful": "none",
        "duplicates": "none",
        "unlinked": "none",
        "late": "none",
    }

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="tallies")
    region = models.CharField("行政区划", max_length=6, blank=True)
    event_month = models.CharField("事件月份", max_length=7, blank=True)
    rows = models.IntegerField()
    new = models.IntegerField()
    updated = models.IntegerField()
    unchanged = models.IntegerField()
    doubtful = models.IntegerField()
    duplicates = models.IntegerField()
    unlinked = models.IntegerField()
    late = models.IntegerField()

    class Meta:
        verbose_name = "批次计数"

    def __str__(self) -> str:
        return f"{self.batch_id} {self.region} {self.event_month}"


class RuleTally(models.Model):
    """Number of findings of each rule in a batch."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "id": "none",
        "batch": "none",
        "rule": "none",
        "level": "none",
        "count": "none",
    }

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="rule_tallies")
    rule = models.CharField("规则", max_length=60)
    level = models.CharField("级别", max_length=10)
    count = models.IntegerField("条数")

    class Meta:
        verbose_name = "规则计数"

    def __str__(self) -> str:
        return f"{self.batch_id} {self.rule}"
