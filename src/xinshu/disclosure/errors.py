"""Refusals of the gate. Every one has its own code and is on the audit record with it."""

from __future__ import annotations

from typing import ClassVar

from xinshu.kernel.errors import XinshuError


class Refused(XinshuError):
    """A query the gate does not answer; subclasses say why."""

    code = "disclosure.refused"
    words: ClassVar[tuple[str, str]] = ("查询未通过", "核对登记内容后重新提交")

    def __init__(self, detail: str = "") -> None:
        message, fix = self.words
        super().__init__(f"{message}{f'：{detail}' if detail else ''}", fix=fix)


class NotRegistered(Refused):
    """There is no registered query of that number, or it is somebody else's: the answer is the same."""

    code = "disclosure.not_registered"
    words = ("没有这项查询登记", "先登记查询事由、依据和主体，再查询")


class Incomplete(Refused):
    """The registration lacks its basis, its matter number or its subjects."""

    code = "disclosure.registration_incomplete"
    words = ("查询登记不完整", "填写查询依据、办件编号和主体")


class PurposeUnknown(Refused):
    """No purpose of that code is in force on the day."""

    code = "disclosure.purpose_unknown"
    words = ("没有这种查询事由，或当日未生效", "从查询事由列表中选择")


class PurposeNotListed(Refused):
    """The purpose is not on the list of the caller's unit."""

    code = "disclosure.purpose_not_listed"
    words = ("本单位的查询事由清单中没有这一项", "改选本单位可用的事由；确需增加的，向信用中心申请")


class FieldShut(Refused):
    """A field was asked for that the purpose does not open; nothing of the query is answered."""

    code = "disclosure.field_shut"
    words = ("所选事由不开放这些数据项", "去掉这些数据项，或改用与业务相符的事由")


class SubjectKindShut(Refused):
    """The purpose does not allow queries about natural persons, or about organisations."""

    code = "disclosure.subject_kind"
    words = ("所选事由不能查询这类主体", "核对事由与主体类型")


class SubjectInvalid(Refused):
    """A code that cannot be one: wrong length or check character."""

    code = "disclosure.subject_invalid"
    words = ("主体代码不正确", "核对统一社会信用代码或公民身份号码")


class NotAllowed(Refused):
    """The caller has no post that may query, or not for this unit."""

    code = "disclosure.not_allowed"
    words = ("您的岗位不能进行此项操作", "需要查询员或查询审核员岗位，由本单位管理员授予")


class NotApproved(Refused):
    """The query waits for an approval by another post."""

    code = "disclosure.not_approved"
    words = ("该查询尚未审核通过", "等待审核员审核")


class EditedAfterApproval(Refused):
    """The registration differs from what was approved: the approval is void."""

    code = "disclosure.edited_after_approval"
    words = ("查询内容在审核后有改动，原审核作废", "重新提交审核")


class OwnSubject(Refused):
    """The subject is whoever asks, approves or registers, or a firm he acts for by any account of his."""

    code = "disclosure.own_subject"
    words = ("不能办理与本人或本人企业有关的查询", "由与该主体无关的其他人员办理")


class SelfApproval(Refused):
    """The approver is the requester, or another account of the same person."""

    code = "disclosure.self_approval"
    words = ("申请人不能审核自己的查询", "由另一岗位的其他人员审核")


class ApprovedTwice(Refused):
    """The second approver is the first one, or another account of the same person."""

    code = "disclosure.same_approver"
    words = ("同一人不能审核两次", "由另一名审核员进行第二次审核")


class ApprovalMismatch(Refused):
    """The approver names another field set or number of subjects than the query has now."""

    code = "disclosure.approval_mismatch"
    words = ("审核的数据项或主体数与查询当前内容不一致", "刷新页面，核对后再审核")


class ApprovalExpired(Refused):
    """The approval's days have run out."""

    code = "disclosure.approval_expired"
    words = ("审核已过有效期", "重新提交审核")


class AlreadyDecided(Refused):
    """Somebody decided the query before, or it is not in a state in which this can be done."""

    code = "disclosure.already_decided"
    words = ("该查询已经处理", "刷新页面查看当前状态")


class BatchLimit(Refused):
    """More subjects than a batch may have. Nothing is disclosed."""

    code = "disclosure.batch_limit"
    words = ("主体数超过一批的上限", "分批申请")


class UnitLimit(Refused):
    """The unit's subjects of the day would be exceeded. Nothing is disclosed."""

    code = "disclosure.unit_limit"
    words = ("本单位当日可查询的主体数已不够", "次日再查，或减少主体数")


class PersonLimit(Refused):
    """The person's single queries of the day would be exceeded. Nothing is disclosed."""

    code = "disclosure.person_limit"
    words = ("您当日可查询的主体数已用完", "次日再查；数量多的请申请批量查询")


class CardShut(Refused):
    """There is no card for this: a batch, a sealed result, a system without web addresses, or a card opened by itself."""

    code = "disclosure.card_shut"
    words = ("不能以嵌入卡片查看", "在查询服务中查看，或由业务系统重新取得卡片链接")


class OriginInvalid(Refused):
    """A web address of a system that cannot stand in a list of pages that may frame its cards."""

    code = "disclosure.origin_invalid"
    words = ("网址不能用于嵌入卡片", "写协议、主机和端口，如 https://oa.example.org；须为 https")


class LinkUnknown(Refused):
    """A download link that was used, has run out, or belongs to another session or query."""

    code = "disclosure.link_unknown"
    words = ("下载链接不存在或已使用", "回到查询页面重新取得链接")


class FetchesUsedUp(Refused):
    """The result was fetched as often as allowed."""

    code = "disclosure.fetches_used_up"
    words = ("下载次数已用完", "确需再次取得的，重新申请查询")


class FileExpired(Refused):
    """The result's days have run out; its file is destroyed."""

    code = "disclosure.file_expired"
    words = ("结果文件已过期并销毁", "重新申请查询")


class GroundsGone(Refused):
    """Between query and download a consent ended, or the purpose or the role did: the whole file stays shut."""

    code = "disclosure.grounds_gone"
    words = ("查询后授权、事由或岗位已失效，不能下载", "向主体重新取得授权，或重新申请查询")


class MarkUnknown(Refused):
    """No query, copy or watermark of that number."""

    code = "disclosure.mark_unknown"
    words = ("没有与该编号对应的查询", "核对查询编号或水印编号")


class SystemUnknown(Refused):
    """The system that wants to show a card is not registered, or its card has run out."""

    code = "disclosure.system_unknown"
    words = ("该系统未登记，或卡片已失效", "由信用中心登记系统及其网址，重新取得卡片")


class ConsentRefused(Refused):
    """A consent that cannot be given, changed or used; subclasses say why."""

    code = "disclosure.consent_refused"
    words = ("授权不能使用", "核对授权编号、范围和期限")


class NoConsent(ConsentRefused):
    """There is no consent of the subject for this grantee and purpose."""

    code = "disclosure.no_consent"
    words = ("没有主体的授权", "由主体授权后再查询")


class ConsentForged(ConsentRefused):
    """The consent's signature does not fit its content."""

    code = "disclosure.consent_forged"
    words = ("授权的签名与内容不符", "由主体重新授权")


class ConsentOther(ConsentRefused):
    """The consent was given to another unit, platform or purpose, or by another subject."""

    code = "disclosure.consent_other"
    words = ("该授权不是给本单位本事由的", "由主体向本单位授权")


class ConsentScope(ConsentRefused):
    """The query asks for more fields than the subject consented to."""

    code = "disclosure.consent_scope"
    words = ("查询的数据项超出授权范围", "减少数据项，或由主体扩大授权")


class ConsentNotYet(ConsentRefused):
    """The consent does not hold yet."""

    code = "disclosure.consent_not_yet"
    words = ("授权尚未生效", "在授权生效后查询")


class ConsentExpired(ConsentRefused):
    """The consent's time is over."""

    code = "disclosure.consent_expired"
    words = ("授权已到期", "由主体续期")


class ConsentUsedUp(ConsentRefused):
    """The consent was used as often as it allows."""

    code = "disclosure.consent_used_up"
    words = ("授权的使用次数已用完", "由主体重新授权")


class ConsentDaily(ConsentRefused):
    """The consent was used as often as it allows in a day."""

    code = "disclosure.consent_daily"
    words = ("授权当日的使用次数已用完", "次日再查")


class ConsentPaused(ConsentRefused):
    """The subject has paused the consent, or has not given it yet."""

    code = "disclosure.consent_not_in_force"
    words = ("授权未生效或已暂停", "由主体确认或恢复授权")


class ConsentRevoked(ConsentRefused):
    """The subject has withdrawn the consent."""

    code = "disclosure.consent_revoked"
    words = ("授权已撤回", "不得再使用；确有需要的由主体重新授权")


class ConsentState(ConsentRefused):
    """The step does not lead on from where the consent stands (giving twice, resuming what was revoked)."""

    code = "disclosure.consent_state"
    words = ("授权当前状态不能这样处理", "刷新页面查看当前状态")


class ConsentTerms(ConsentRefused):
    """Terms a consent cannot have: ends before it begins, no fields, wider than what was asked."""

    code = "disclosure.consent_terms"
    words = ("授权条款不正确", "核对期限、次数和数据项范围")


class PaperInvalid(ConsentRefused):
    """The scan of a consent on paper is no PDF, JPEG or PNG, is too large, or its digest cannot be one."""

    code = "disclosure.paper_invalid"
    words = ("授权书扫描件不能使用", "上传 PDF、JPEG 或 PNG，或填写扫描件的 SM3 摘要（64 位十六进制）")


class PaperReused(ConsentRefused):
    """The same paper was registered before."""

    code = "disclosure.paper_reused"
    words = ("这份授权书已经登记过", "一份授权书只登记一次；核对扫描件")


class PaperSamePerson(ConsentRefused):
    """Who confirms a consent on paper is who registered it, or another account of the same person."""

    code = "disclosure.paper_same_person"
    words = ("登记人不能复核自己登记的授权", "由另一岗位的其他人员复核")


class IdempotencyReused(Refused):
    """An Idempotency-Key came again with another request."""

    code = "disclosure.idempotency_key_reused"
    words = ("该 Idempotency-Key 已用于另一请求", "每个请求使用新的 Idempotency-Key")


class IdempotencyInFlight(Refused):
    """The first request with this Idempotency-Key is still being worked on."""

    code = "disclosure.idempotency_in_flight"
    words = ("同一请求正在办理", "稍后用同一 Idempotency-Key 重试")


class BodyInvalid(Refused):
    """The body of a call is not JSON of the form documented."""

    code = "disclosure.body_invalid"
    words = ("请求内容无法识别", "按 docs/disclosure.md 的格式提交 JSON")
