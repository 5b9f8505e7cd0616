"""Client-side costs of a load: sealing a personal cell, and rendering a Polars frame for COPY. `python client.py`."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable

import numpy as np
import polars as pl
import rows as data
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

ROWS = 50_000
NULL = b"\xff\xff\xff\xff"
PREFIX = [struct.pack(">i", n) for n in range(1 << 16)]


def rate(name: str, work: Callable[[], object]) -> None:
    best = min(_clock(work) for _ in range(3))
    print(f"{name:<44}{ROWS / best:>12,.0f} rows/s  {best / ROWS * 1e6:6.2f} µs/row")


def _clock(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def seal_all() -> list[bytes]:
    """SM4-GCM of a 90-byte cell per row, fresh 12-byte nonce, tag appended."""
    key, cell, out = os.urandom(16), os.urandom(90), []
    for _ in range(ROWS):
        nonce = os.urandom(12)
        box = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
        out.append(nonce + box.update(cell) + box.finalize() + box.tag)
    return out


def frame(rows: list[data.Row]) -> pl.DataFrame:
    own = {f: [r.values[i] or None for r in rows] for i, f in enumerate(data.FIELDS)}
    return pl.DataFrame({"authority": [r.authority for r in rows], "number": [r.number for r in rows], **own})


def encode(table: pl.DataFrame) -> pl.Series:
    return table.select(pl.struct(data.FIELDS).struct.json_encode().alias("payload"))["payload"]


def binary(rows: list[data.Row], payloads: list[str]) -> bytes:
    """COPY BINARY: the not-null fixed columns as one NumPy record per row, the others joined in Python."""
    columns: list[tuple[str, str]] = [("n", ">i2")]
    for i in range(11):
        columns += [(f"l{i}", ">i4"), (f"v{i}", "V16" if i < 4 else ">i4")]
    fixed = np.dtype(columns)
    block = np.zeros(len(rows), fixed)
    block["n"] = 15
    for i in range(4):
        block[f"l{i}"] = 16
    for i, name in enumerate(("counterpart", "key", "content", "id")):
        block[f"v{i}"] = np.frombuffer(b"".join(getattr(r, name) for r in rows), "V16")
    for i, name in enumerate(("supplier", "region", "batch", "number", "day", "from_day", "until_day"), 4):
        block[f"l{i}"] = 4
        block[f"v{i}"] = [getattr(r, name) for r in rows]
    raw, step = block.tobytes(), fixed.itemsize
    parts: list[bytes] = []
    for i, (row, text) in enumerate(zip(rows, payloads, strict=True)):
        body, seal, subject = text.encode(), row.sealed, row.subject
        parts += (
            raw[i * step : (i + 1) * step],
            PREFIX[16] + subject if subject else NULL,
            PREFIX[len(row.authority)] + row.authority.encode(),
            PREFIX[len(seal)] + seal if seal else NULL,
            struct.pack(">i", len(body)),
            body,
        )
    return b"".join(parts)


def main() -> None:
    rows = data.generate(ROWS)
    table = frame(rows)
    texts = encode(table)
    payloads = texts.to_list()
    rate("SM4-GCM of a 90-byte cell", seal_all)
    rate("payload: Polars struct.json_encode", lambda: encode(table))
    rate("payload: json.dumps without empty fields", lambda: [data.payload(r) for r in rows])
    rate("CSV: Polars write_csv of the payload", lambda: texts.to_frame().write_csv())
    rate("BINARY: NumPy record + join", lambda: binary(rows, payloads))


if __name__ == "__main__":
    main()
