"""Errors of handing in."""

from __future__ import annotations

from xinshu.kernel.errors import XinshuError

_MEBIBYTE = 1 << 20


class FileTooLarge(XinshuError):
    """A file is larger than its channel takes; nothing was kept."""

    code = "channel.file_too_large"

    def __init__(self, most: int) -> None:
        super().__init__(f"文件超过 {most / _MEBIBYTE:,.0f} MB，未接收", fix="请分成几个文件，或通过监控文件夹报送")


class FileNameInvalid(XinshuError):
    """A file name that is empty, too long or holds control characters."""

    code = "channel.file_name_invalid"

    def __init__(self) -> None:
        super().__init__("文件名为空、过长或含有控制字符", fix="把文件名改为 100 个字以内的文字，如“行政处罚11月.xlsx”")


class FileMissing(XinshuError):
    """A request to hand in came without a file."""

    code = "channel.file_missing"

    def __init__(self) -> None:
        super().__init__("没有收到文件", fix="选择一个 XLSX、CSV、JSON 等格式的文件后再上传")


class NothingInDoubt(XinshuError):
    """A batch was to be confirmed that has no rows kept back by doubts alone."""

    code = "channel.nothing_in_doubt"

    def __init__(self) -> None:
        super().__init__("这个批次没有可以确认的疑问行", fix="有错误的行需改好后重新报送")


class ItemMissing(XinshuError):
    """A request to hand in named no item, or one that is not in the catalogue."""

    code = "channel.item_missing"

    def __init__(self, item: str) -> None:
        super().__init__(f"没有目录事项“{item[:60]}”" if item else "没有选择目录事项", fix="从目录中选择文件对应的事项")


class KeyReused(XinshuError):
    """An idempotency key came again with another file or item."""

    code = "channel.idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__(
            "同一幂等键已用于另一个文件或事项", fix="每次报送使用新的 Idempotency-Key；重试同一文件时才沿用"
        )


class NotAFile(XinshuError):
    """Something in the watched folder is a link or no ordinary file; it is not read."""

    code = "channel.not_a_file"

    def __init__(self) -> None:
        super().__init__("不是普通文件（例如是链接），未读取", fix="放入文件本身，不要放链接")


class Misplaced(XinshuError):
    """A file lies in the watched folder where no source and item can be told from its path."""

    code = "channel.misplaced"

    def __init__(self) -> None:
        super().__init__(
            "文件不在“来源单位代码/事项代码”文件夹中，未接收",
            fix="放入 inbox/统一社会信用代码/事项代码/，如 inbox/…/administrative-penalty/",
        )


class BatchUnknown(XinshuError):
    """There is no such batch, or it is another organisation's."""

    code = "channel.batch_unknown"

    def __init__(self) -> None:
        super().__init__("没有这个批次", fix="核对批次号；只能查看本单位报送的批次")
