"""Rows sent from the reading process as they lie, and what came taken for what it is: a stranger's numbers."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import numpy.typing as npt

from xinshu.collection.errors import ReaderFailed
from xinshu.kernel.cells import PADDING, Texts
from xinshu.records.domain import FACTS, Accepted

_PIPE_BYTES = 1 << 20
_SET_PIPE_SIZE = getattr(fcntl, "F_SETPIPE_SZ", None)  # Linux
_MOST_BYTES = (1 << 31) - 1


def widen(pipe: Connection) -> None:
    """Have a pipe hold more, so that its two ends wait for each other less often."""
    if _SET_PIPE_SIZE is not None:
        with contextlib.suppress(OSError):  # the system may allow less
            fcntl.fcntl(pipe.fileno(), _SET_PIPE_SIZE, _PIPE_BYTES)


def send_rows(pipe: Connection, rows: Accepted) -> None:
    """Send rows; `receive_rows` takes them at the other end."""
    texts = rows.texts
    head = {"rows": rows.height, "columns": texts.columns, "bytes": len(texts.buffer)}
    pipe.send_bytes(json.dumps(head).encode())
    for array in (rows.facts, texts.starts, texts.sizes, texts.buffer):
        rest = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        while rest:
            rest = rest[os.write(pipe.fileno(), rest) :]


def receive_rows(pipe: Connection) -> Accepted:
    """Rows, each of their texts inside the bytes. Raises EOFError, OSError; ReaderFailed: what came is no rows."""
    head = json.loads(pipe.recv_bytes())
    rows, columns, size = int(head["rows"]), tuple(map(str, head["columns"])), int(head["bytes"])
    if not PADDING <= size <= _MOST_BYTES or not 0 <= rows <= _MOST_BYTES // max(len(columns), len(FACTS)):
        raise _nonsense()
    facts = np.empty((len(FACTS), rows), dtype=np.int64)
    starts, sizes = np.empty((len(columns), rows), dtype=np.int32), np.empty((len(columns), rows), dtype=np.int32)
    buffer = np.empty(size, dtype=np.uint8)
    for array in (facts, starts, sizes, buffer):
        _fill(pipe, array)
    ends = starts.astype(np.int64) + sizes
    if ((starts < 0) | (sizes < 0) | (ends > size - PADDING)).any():
        raise _nonsense()
    return Accepted(facts, Texts(columns, buffer, starts, sizes))


def _fill(pipe: Connection, array: npt.NDArray[Any]) -> None:
    rest = array.reshape(-1).view(np.uint8).data
    while rest:
        count = os.readv(pipe.fileno(), [rest])
        if not count:
            raise EOFError
        rest = rest[count:]


def _nonsense() -> ReaderFailed:
    return ReaderFailed("读取进程的回答不合格式，文件未入库", fix="请重试；仍失败请把文件交管理员检查")
