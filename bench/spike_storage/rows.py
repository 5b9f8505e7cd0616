"""Synthetic penalty rows: 32 text fields, about 840 bytes, and their renderings for COPY. All names are invented."""

from __future__ import annotations

import json
import random
import struct
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import blake2b
from pathlib import Path

FIELD_NAMES = (
    "CF_XDR_MC CF_XDR_LB CF_XDR_SHXYM CF_XDR_GSZC CF_XDR_ZZJG CF_XDR_SWDJ CF_XDR_SYDW CF_XDR_SHZZ CF_FRDB "
    "CF_FR_ZJLX CF_FR_ZJHM CF_XDR_ZJLX CF_XDR_ZJHM CF_WSH CF_WFXW CF_SY CF_YJ CF_CFLB CF_NR CF_NR_FK CF_NR_WFFF "
    "CF_NR_ZKDX CF_JDRQ CF_YXQ CF_GSJZQ CF_CFJG CF_CFJGDM CF_SJLY CF_SJLYDM BZ X_CXLB X_LY"
)
FIELDS: tuple[str, ...] = tuple(FIELD_NAMES.split())
EPOCH = date(2000, 1, 1)
BASE_MS = 1_790_000_000_000
HAN = "示例纺织机械贸易科技建材食品运输工程环保农业电子商务物流装饰材料信息服务有限公司安全生产监督管理条例规定处罚决定当事人"


@dataclass(frozen=True, slots=True)
class Row:
    """One accepted row as the loader has it. Hashes and ids are 16 bytes; days count from 2000-01-01."""

    counterpart: bytes
    key: bytes
    content: bytes
    id: bytes
    subject: bytes | None
    supplier: int
    authority: str
    day: int
    region: int
    batch: int
    number: int
    publicity: int
    from_day: int
    until_day: int
    values: tuple[str, ...]
    sealed: bytes | None
    person: bytes | None


def digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()


def uuid7(number: int) -> bytes:
    return struct.pack(">QQ", ((BASE_MS + number // 100) << 16) | 0x7000 | number % 100, 2**63 | number * 2654435761)


def _phrases(rng: random.Random, count: int, length: int) -> list[str]:
    return ["".join(rng.choices(HAN, k=length)) for _ in range(count)]


def generate(count: int, *, every_row_sealed: bool = False, seed: int = 7) -> list[Row]:
    """`count` rows, 0.6 × `count` distinct counterparts, 95 % linked, one row in twenty (or every row) sealed."""
    rng = random.Random(seed)
    facts, names, people = _phrases(rng, 500, 120), _phrases(rng, 20_000, 11), _phrases(rng, 5_000, 3)
    basis, kinds = _phrases(rng, 60, 40), ["罚款", "警告;罚款", "罚款;没收违法所得"]
    bureaux = [(f"990{i:03d}示例市监督管理局", f"11990{i:03d}MB000000{i % 10}X") for i in range(300)]
    rows: list[Row] = []
    for i in range(count):
        who = rng.randrange(int(count * 0.6))
        bureau, code = bureaux[rng.randrange(300)]
        day = 8_000 + rng.randrange(1_700)
        when = (EPOCH + timedelta(days=day)).isoformat()
        uscc = f"9199{who:013d}X"
        document = f"示市监罚〔{when[:4]}〕{i}号"
        fine = f"{rng.randrange(1, 400) / 20:.6f}"
        values = (
            *(names[who % 20_000], "法人及非法人组织", uscc, f"9900{who:011d}", "", "", "", "", people[who % 5_000]),
            *("", "", "", "", document, facts[(i * 7) % 500][:18], facts[i % 500], basis[i % 60], kinds[i % 3]),
            *(f"罚款人民币{fine}万元，上缴国库", fine, "", "", when, "2099-12-31", "", bureau, code, bureau, code),
            *("", "02", "other"),
        )
        counterpart = digest(uscc)
        sealed = rng.randbytes(90) if every_row_sealed or i % 20 == 0 else None
        rows.append(
            Row(
                counterpart=counterpart,
                key=digest(code + document + uscc),
                content=digest("\x1f".join(values)),
                id=uuid7(i),
                subject=uuid7(10**9 + who) if who % 20 else None,
                supplier=i % 300,
                authority=code,
                day=day,
                region=990_000 + i % 100,
                batch=1,
                number=i + 2,
                publicity=i % 4,
                from_day=day + 7,
                until_day=day + 372,
                values=values,
                sealed=sealed,
                person=digest(people[who % 5_000]) if sealed else None,
            )
        )
    return rows


def again(rows: Sequence[Row], changed: float, seed: int = 8) -> list[Row]:
    """The same rows in another order as a second batch; the share `changed` has another fact text."""
    rng = random.Random(seed)
    out = list(rows)
    rng.shuffle(out)
    for i, row in enumerate(out):
        values, content = row.values, row.content
        if i < changed * len(out):
            values = (*values[:29], "更正", *values[30:])
            content = digest("\x1f".join(values))
        out[i] = replace(row, id=uuid7(2 * 10**8 + i), batch=2, number=i + 2, values=values, content=content)
    rng.shuffle(out)
    return out


def payload(row: Row) -> str:
    """The item's own fields as one JSON object, empty fields left out."""
    named = {f: v for f, v in zip(FIELDS, row.values, strict=True) if v}
    return json.dumps(named, ensure_ascii=False, separators=(",", ":"))


def payload_array(row: Row) -> str:
    """The same fields by position (the item version gives the names)."""
    return json.dumps(row.values, ensure_ascii=False, separators=(",", ":"))


def _hash_text(value: bytes | None, kind: str) -> str | None:
    if value is None:
        return None
    if kind == "bytea":
        return "\\x" + value.hex()
    return value.hex() if kind == "text" else str(uuid.UUID(bytes=value))


def _iso(day: int) -> str:
    return (EPOCH + timedelta(days=day)).isoformat()


def cells(row: Row, hashes: str, body: Callable[[Row], str] | None) -> list[str | None]:
    """The staged columns in the order of `forms.STAGED`; `body` None gives the 32 fields one by one."""
    h = [_hash_text(v, hashes) for v in (row.counterpart, row.key, row.content)]
    ids = [_hash_text(v, "uuid") for v in (row.id, row.subject)]
    numbers = [str(v) for v in (1, row.supplier, row.region, row.batch, row.number, row.publicity)]
    days = [_iso(row.day), _iso(row.from_day), _iso(row.until_day)]
    sealed = [None if row.sealed is None else "\\x" + row.sealed.hex(), _hash_text(row.person, hashes)]
    own: list[str | None] = [body(row)] if body else [v or None for v in row.values]
    return [*h, *ids, *numbers, *days, row.authority, *sealed, *own]


def _escape(cell: str | None) -> str:
    return "\\N" if cell is None else cell.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def _quote(cell: str | None) -> str:
    if cell is None:
        return ""
    return '"' + cell.replace('"', '""') + '"' if cell == "" or '"' in cell or "," in cell else cell


def write_text(
    rows: Iterable[Row], path: Path, hashes: str = "uuid", body: Callable[[Row], str] | None = payload
) -> Path:
    with path.open("w", encoding="utf-8") as out:
        for row in rows:
            out.write("\t".join(map(_escape, cells(row, hashes, body))) + "\n")
    return path


def write_csv(rows: Iterable[Row], path: Path) -> Path:
    with path.open("w", encoding="utf-8") as out:
        for row in rows:
            out.write(",".join(map(_quote, cells(row, "uuid", payload))) + "\n")
    return path


def _field(value: bytes | None) -> bytes:
    return b"\xff\xff\xff\xff" if value is None else struct.pack(">i", len(value)) + value


def write_binary(rows: Iterable[Row], path: Path) -> Path:
    with path.open("wb") as out:
        out.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
        for r in rows:
            numbers = (r.supplier, r.region, r.batch, r.number)
            fields = [r.counterpart, r.key, r.content, r.id, r.subject, struct.pack(">h", 1)]
            fields += [struct.pack(">i", v) for v in numbers] + [struct.pack(">h", r.publicity)]
            fields += [struct.pack(">i", v) for v in (r.day, r.from_day, r.until_day)]
            fields += [r.authority.encode(), r.sealed, r.person, payload(r).encode()]
            out.write(struct.pack(">h", len(fields)) + b"".join(map(_field, fields)))
        out.write(b"\xff\xff")
    return path
