"""What is told of a hand-in: the same facts on the page, in the interface and beside a file in the watched folder."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from xinshu.collection.models import Batch, HandIn
from xinshu.collection.queries import batch_report
from xinshu.kernel.clock import SHANGHAI

STATE_WORDS = {
    "queued": "等待处理",
    "running": "处理中",
    "done": "已处理",
    "refused": "整份退回",
    "failed": "未能处理",
}
CHANNEL_WORDS = {"web": "网页上传", "http": "接口", "folder": "监控文件夹", "": "命令行"}


def receipt(found: HandIn, home: Path) -> dict[str, object]:
    """The receipt 回执 of a hand-in as it stands.

    `result` (totals as in `xinshu ingest --json`, and findings by rule) is there once the file is loaded, `error`
    (code, message, fix, trace) when it was refused or could not be loaded; times are of Shanghai.
    """
    return {
        "hand_in": str(found.id),
        **_file(found.batch),
        "channel": found.channel,
        "bytes": found.size,
        "received_at": _moment(found.received_at),
        "state": found.state,
        "state_text": STATE_WORDS[found.state],
        "progress": {"step": found.step, "share": round(found.share, 3), "rows": found.rows},
        "finished_at": None if found.finished_at is None else _moment(found.finished_at),
        "result": _result(found.batch, home, repeated=came_before(found)) if found.state == "done" else None,
        "error": _error(found) if found.code else None,
    }


def batch_receipt(batch: Batch, home: Path) -> dict[str, object]:
    """The same of a batch that came by command line, where nothing waits for a job."""
    state = {"loaded": "done", "refused": "refused"}.get(batch.state, "failed")
    return {
        "hand_in": None,
        **_file(batch),
        "channel": "cli",
        "bytes": None,
        "received_at": _moment(batch.received_at),
        "state": state,
        "state_text": STATE_WORDS[state],
        "progress": None,
        "finished_at": None if batch.finished_at is None else _moment(batch.finished_at),
        "result": _result(batch, home, repeated=False) if state == "done" else None,
        "error": None,
    }


def _file(batch: Batch) -> dict[str, object]:
    return {
        "batch": batch.label,
        "file": batch.file,
        "item": batch.item,
        "item_version": batch.item_version,
        "source": batch.supplier,
        "sha256": batch.digest,
        "confirmed": batch.confirmed,
    }


def _result(batch: Batch, home: Path, *, repeated: bool) -> dict[str, object]:
    report = batch_report(batch, home, repeated=repeated)
    told = report.as_dict()
    for name in ("file", "batch", "findings_file"):  # said above; a path of ours is nobody else's
        del told[name]
    return {**told, "by_rule": report.by_rule}


def came_before(found: HandIn) -> bool:
    """Whether the batch was loaded before the job of this hand-in began: the identical file had come earlier."""
    loaded, began = found.batch.finished_at, found.started_at
    return found.batch.state == "loaded" and loaded is not None and began is not None and loaded <= began


def _error(found: HandIn) -> dict[str, str]:
    return {"code": found.code, "message": found.message, "fix": found.fix, "trace": found.trace}


def _moment(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).isoformat(timespec="seconds")
