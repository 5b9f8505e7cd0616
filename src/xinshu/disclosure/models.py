"""Tables of the room. Long because it is a list of tables. Other rooms come in by `services`, `queries` and `domain`.

Subjects are never stored in the clear: a blind index to find them, a sealed cell to read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.db import models

_WHO: Mapping[str, str] = {
    "unit": "none",
    "platform": "none",
    "requester": "pseudonymous",
    "person": "pseudonymous",
    "requester_name": "personal",
}


class Ticket(models.Model):
    """A registered query: who asks, for what, on which ground, about how many, and what became of it."""

    personal_data: ClassVar[Mapping[str, str]] = {
        **_WHO,
        **dict.fromkeys(
            [
                "id",
                "number",
                "trace",
                "kind",
                "state",
                "version",
                "purpose",
                "purpose_from",
                "legal_basis",
                "matter_no",
                "channel",
                "subject_count",
                "subjects_digest",
                "fields",
                "field_count",
                "since",
                "until",
                "use",
                "destroy_by",
                "approvers",
                "registered_at",
                "expires_at",
                "started_at",
                "done_at",
                "disclosed",
                "unauthorised",
                "file_expires_at",
                "fetches",
                "destroyed_at",
                "destroyed_how",
                "reminded_at",
                "code",
                "attempts",
                "step",
                "share",
            ],
            "none",
        ),
    }

    id = models.UUIDField(primary_key=True)
    number = models.CharField("查询编号", max_length=19, unique=True)
    trace = models.CharField("追踪号", max_length=24, db_index=True)
    kind = models.CharField("方式", max_length=6)
    state = models.CharField("状态", max_length=9)
    version = models.IntegerField("版本", default=1)
    purpose = models.CharField("事由", max_length=60)
    purpose_from = models.DateField("事由版本", null=True)
    legal_basis = models.CharField("依据", max_length=300)
    matter_no = models.CharField("办件编号", max_length=100)
    unit = models.CharField("单位", max_length=18)
    platform = models.CharField("平台", max_length=18, blank=True)
    requester = models.CharField("申请人", max_length=64)
    person = models.CharField("自然人", max_length=64)
    requester_name = models.CharField("姓名", max_length=100)
    channel = models.CharField("渠道", max_length=12)
    subject_count = models.IntegerField("主体数")
    subjects_digest = models.CharField("主体摘要", max_length=64)
    fields = models.TextField("数据项")
    field_count = models.IntegerField("数据项数")
    since = models.DateField("信息起", null=True)
    until = models.DateField("信息止", null=True)
    use = models.CharField("用途说明", max_length=300, blank=True)
    destroy_by = models.DateField("销毁期限", null=True)
    approvers = models.SmallIntegerField("应审核人数")
    registered_at = models.DateTimeField("登记时间")
    expires_at = models.DateTimeField("审核有效期", null=True)
    started_at = models.DateTimeField("开始时间", null=True)
    done_at = models.DateTimeField("完成时间", null=True)
    disclosed = models.IntegerField("已披露", default=0)
    unauthorised = models.IntegerField("未授权", default=0)
    file_expires_at = models.DateTimeField("文件有效期", null=True)
    fetches = models.SmallIntegerField("已下载", default=0)
    destroyed_at = models.DateTimeField("销毁时间", null=True)
    destroyed_how = models.CharField("销毁方式", max_length=200, blank=True)
    reminded_at = models.DateTimeField("提醒时间", null=True)
    code = models.CharField("退回代码", max_length=60, blank=True)
    attempts = models.SmallIntegerField("次数", default=0)
    step = models.CharField("步骤", max_length=20, blank=True)
    share = models.FloatField("完成比例", default=0)

    class Meta:
        verbose_name = "查询登记"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["requester", "-registered_at"], name="disclosure_ticket_mine"),
            models.Index(
                fields=["unit", "registered_at"],
                condition=models.Q(state="waiting"),
                name="disclosure_ticket_waiting",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class TicketSubject(models.Model):
    """One subject of a query. `ref`: blind index; `sealed`: code and name; `outcome` is null until it is judged."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "id": "none",
        "ticket": "none",
        "position": "none",
        "kind": "none",
        "ref": "pseudonymous",
        "sealed": "sealed",
        "outcome": "none",
        "consent": "none",
    }

    id = models.BigAutoField(primary_key=True)
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="subjects", db_index=False)
    position = models.IntegerField("序号")
    kind = models.CharField("类型", max_length=12)
    ref = models.UUIDField("盲索引", db_index=True)
    sealed = models.BinaryField("主体")
    outcome = models.CharField("结果", max_length=12, blank=True)
    consent = models.ForeignKey("Consent", null=True, on_delete=models.PROTECT, db_index=False)

    class Meta:
        verbose_name = "查询主体"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["ticket", "position"], name="disclosure_subject_once")
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.position}"


class Approval(models.Model):
    """A decision about one version of a query. `digest` is of everything that was approved."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "id": "none",
        "ticket": "none",
        "version": "none",
        "approver": "pseudonymous",
        "person": "pseudonymous",
        "approver_name": "personal",
        "approved": "none",
        "digest": "none",
        "field_count": "none",
        "subject_count": "none",
        "reason": "none",
        "at": "none",
    }

    id = models.BigAutoField(primary_key=True)
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="approvals", db_index=False)
    version = models.IntegerField("版本")
    approver = models.CharField("审核人", max_length=64)
    person = models.CharField("自然人", max_length=64)
    approver_name = models.CharField("姓名", max_length=100)
    approved = models.BooleanField("同意")
    digest = models.CharField("内容摘要", max_length=64)
    field_count = models.IntegerField("数据项数")
    subject_count = models.IntegerField("主体数")
    reason = models.CharField("意见", max_length=300, blank=True)
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "查询审核"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["ticket", "version", "person"], name="disclosure_approval_once")
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.approver_name}"


class Counter(models.Model):
    """Subjects disclosed on a (Shanghai) day to a unit or a person; its row lock is what holds the limits."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "id": "none",
        "scope": "none",
        "key": "pseudonymous",
        "day": "none",
        "subjects": "none",
    }

    id = models.BigAutoField(primary_key=True)
    scope = models.CharField("范围", max_length=6)
    key = models.CharField("单位或自然人", max_length=64)
    day = models.DateField("日期")
    subjects = models.IntegerField("主体数")

    class Meta:
        verbose_name = "查询量"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["scope", "key", "day"], name="disclosure_counter_once")
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.day} {self.subjects}"


class Consent(models.Model):
    """What a subject allows one unit to see. The signature covers every term; a change of terms is signed anew."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "subject": "pseudonymous",
        "sealed": "sealed",
        **dict.fromkeys(
            [
                "id",
                "number",
                "trace",
                "version",
                "state",
                "grantee",
                "platform",
                "purpose",
                "fields",
                "legal_basis",
                "valid_from",
                "valid_to",
                "max_uses",
                "per_day",
                "text_version",
                "channel",
                "evidence",
                "signature",
                "used",
                "used_on",
                "used_today",
                "asked_at",
                "changed_at",
            ],
            "none",
        ),
    }

    id = models.UUIDField(primary_key=True)
    number = models.CharField("授权编号", max_length=19, unique=True)
    trace = models.CharField("追踪号", max_length=24, db_index=True)
    version = models.IntegerField("版本", default=1)
    state = models.CharField("状态", max_length=8)
    subject = models.UUIDField("主体盲索引")
    sealed = models.BinaryField("主体")
    grantee = models.CharField("被授权单位", max_length=18)
    platform = models.CharField("平台", max_length=18, blank=True)
    purpose = models.CharField("事由", max_length=60)
    fields = models.TextField("数据项")
    legal_basis = models.CharField("依据", max_length=300)
    valid_from = models.DateTimeField("起")
    valid_to = models.DateTimeField("止")
    max_uses = models.IntegerField("最多次数")
    per_day = models.IntegerField("每日次数")
    text_version = models.CharField("授权书版本", max_length=40)
    channel = models.CharField("方式", max_length=20)
    evidence = models.CharField("证据摘要", max_length=64)
    signature = models.TextField("签名", blank=True)
    used = models.IntegerField("已用", default=0)
    used_on = models.DateField("最近使用日", null=True)
    used_today = models.IntegerField("当日已用", default=0)
    asked_at = models.DateTimeField("申请时间")
    changed_at = models.DateTimeField("变更时间")

    class Meta:
        verbose_name = "授权"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["subject", "grantee", "purpose"], name="disclosure_consent_of")
        ]

    def __str__(self) -> str:
        return self.number


class PaperConsent(models.Model):
    """A consent given on paper: who registered it and who confirmed it, two people of two posts.

    `sealed`: number of the paper; `digest`: SM3 of its scan; `scan`: whether the platform keeps the scan (sealed file).
    """

    personal_data: ClassVar[Mapping[str, str]] = {
        "consent": "none",
        "sealed": "sealed",
        "digest": "pseudonymous",
        "scan": "none",
        "registered_by": "pseudonymous",
        "registrar": "pseudonymous",
        "registrar_name": "personal",
        "decided_by": "pseudonymous",
        "decider_name": "personal",
        "decided_at": "none",
        "approved": "none",
        "reason": "none",
    }

    consent = models.OneToOneField(Consent, primary_key=True, on_delete=models.PROTECT, related_name="paper")
    sealed = models.BinaryField("授权书文号")
    digest = models.CharField("扫描件 SM3", max_length=64)
    scan = models.BooleanField("平台保存扫描件")
    registered_by = models.CharField("登记人", max_length=64)
    registrar = models.CharField("登记人（自然人）", max_length=64)
    registrar_name = models.CharField("登记人姓名", max_length=100)
    decided_by = models.CharField("复核人", max_length=64, blank=True)
    decider_name = models.CharField("复核人姓名", max_length=100, blank=True)
    decided_at = models.DateTimeField("复核时间", null=True)
    approved = models.BooleanField("通过", null=True)
    reason = models.CharField("意见", max_length=300, blank=True)

    class Meta:
        verbose_name = "纸质授权"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["digest"],
                condition=models.Q(approved__isnull=True) | models.Q(approved=True),
                name="disclosure_paper_once",
            ),
            models.CheckConstraint(
                condition=models.Q(approved__isnull=True) | ~models.Q(decided_by=models.F("registered_by")),
                name="disclosure_paper_two_people",
            ),
        ]

    def __str__(self) -> str:
        return str(self.consent_id)


class ConsentEvent(models.Model):
    """One step in the life of a consent; rows are only added."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "id": "none",
        "consent": "none",
        "at": "none",
        "actor": "pseudonymous",
        "step": "none",
        "version": "none",
        "detail": "none",
    }

    id = models.BigAutoField(primary_key=True)
    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField("时间")
    actor = models.CharField("经办", max_length=64)
    step = models.CharField("步骤", max_length=10)
    version = models.IntegerField("版本")
    detail = models.CharField("说明", max_length=200, blank=True)

    class Meta:
        verbose_name = "授权变更"

    def __str__(self) -> str:
        return f"{self.consent_id} {self.step}"


class Link(models.Model):
    """A download link: good once, for one session and one query."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "token": "sealed",
        "ticket": "none",
        "session": "sealed",
        "user": "pseudonymous",
        "form": "none",
        "made_at": "none",
        "expires_at": "none",
        "used_at": "none",
    }

    token = models.CharField("摘要", max_length=64, primary_key=True)
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="links")
    session = models.CharField("会话摘要", max_length=64)
    user = models.CharField("用户", max_length=64)
    form = models.CharField("格式", max_length=4)
    made_at = models.DateTimeField("生成时间")
    expires_at = models.DateTimeField("有效期")
    used_at = models.DateTimeField("使用时间", null=True)

    class Meta:
        verbose_name = "下载链接"

    def __str__(self) -> str:
        return str(self.ticket_id)


class Copy(models.Model):
    """One rendering that left the platform: page, PDF, workbook, CSV or answer of the interface, and whose it is."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "id": "none",
        "mark": "none",
        "ticket": "none",
        "form": "none",
        "recipient": "pseudonymous",
        "recipient_name": "personal",
        "address": "pseudonymous",
        "made_at": "none",
        "digest": "none",
    }

    id = models.UUIDField(primary_key=True)
    mark = models.CharField("水印编号", max_length=16, unique=True)
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="copies")
    form = models.CharField("格式", max_length=4)
    recipient = models.CharField("接收人", max_length=64)
    recipient_name = models.CharField("姓名", max_length=100)
    address = models.CharField("来源地址", max_length=45, blank=True)
    made_at = models.DateTimeField("时间")
    digest = models.CharField("SHA-256", max_length=64, blank=True)

    class Meta:
        verbose_name = "出库副本"

    def __str__(self) -> str:
        return self.mark


class System(models.Model):
    """A business system of a unit that may show the card in a frame. `origins`: its web addresses, by blanks."""

    personal_data: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("id", "code", "title", "unit", "origins", "active", "made_at"), "none"
    )

    id = models.AutoField(primary_key=True)
    code = models.CharField("代码", max_length=40, unique=True)
    title = models.CharField("名称", max_length=100)
    unit = models.CharField("单位", max_length=18)
    origins = models.TextField("网址")
    active = models.BooleanField("可用", default=True)
    made_at = models.DateTimeField("登记时间")

    class Meta:
        verbose_name = "嵌入系统"

    def __str__(self) -> str:
        return self.title


class Card(models.Model):
    """A card made for a system: shown once, within minutes, under the query it was registered with. `digest`: of that query."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "token": "sealed",
        "system": "none",
        "ticket": "none",
        "digest": "none",
        "made_at": "none",
        "expires_at": "none",
        "used_at": "none",
    }

    token = models.CharField("摘要", max_length=64, primary_key=True)
    system = models.ForeignKey(System, on_delete=models.PROTECT)
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT)
    digest = models.CharField("内容摘要", max_length=64)
    made_at = models.DateTimeField("生成时间")
    expires_at = models.DateTimeField("有效期")
    used_at = models.DateTimeField("使用时间", null=True)

    class Meta:
        verbose_name = "嵌入卡片"

    def __str__(self) -> str:
        return str(self.ticket_id)


class Answer(models.Model):
    """The first answer to a POST with an Idempotency-Key; its body is sealed. `status` 0: still being worked on."""

    personal_data: ClassVar[Mapping[str, str]] = {
        "id": "none",
        "client": "none",
        "key": "none",
        "request": "none",
        "status": "none",
        "sealed": "sealed",
        "ticket": "none",
        "at": "none",
    }

    id = models.BigAutoField(primary_key=True)
    client = models.CharField("密钥编号", max_length=64)
    key = models.CharField("Idempotency-Key", max_length=200)
    request = models.CharField("请求摘要", max_length=64)
    status = models.SmallIntegerField("状态码", default=0)
    sealed = models.BinaryField("答复", null=True)
    ticket = models.CharField("查询编号", max_length=19, blank=True)
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "接口首次答复"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["client", "key"], name="disclosure_answer_once")
        ]

    def __str__(self) -> str:
        return self.key
