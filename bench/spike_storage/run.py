"""Storage spike: `python run.py EXPERIMENT… [--rows N] [--repeat R]`. Prints one table per experiment (ADR 0002).

Experiments: forms, hashes, partitions, indexes, toast, copy, loads, second, server, seal, render. Needs only a temporary folder.
"""

from __future__ import annotations

import argparse
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import forms
import loads
import rows as data
from forms import Form
from loads import Connection, Seconds
from server import STOCK, TUNED, Server, temporary_server

Case = Callable[[Connection], Seconds]
Plan = tuple[Form, Case, Path | None]


class Bench:
    """Rows and their renderings (made once), a server, and the table printer."""

    def __init__(self, count: int, repeat: int, server: Server, folder: Path, sealed: bool) -> None:
        self.count, self.repeat, self.server, self.folder = count, repeat, server, folder
        self.rows = data.generate(count, every_row_sealed=sealed)
        self.files: dict[str, Path] = {}

    def file(self, name: str, make: Callable[[Path], Path]) -> Path:
        if name not in self.files:
            self.files[name] = make(self.folder / name)
        return self.files[name]

    def text(self, form: Form, *, ordered: bool = False) -> Path:
        body = None if form.body == "columns" else data.payload
        name = f"{form.body == 'columns'}-{form.hashes}-{ordered}"
        source = sorted(self.rows, key=lambda r: r.counterpart) if ordered else self.rows
        return self.file(name, lambda p: data.write_text(source, p, form.hashes, body))

    def binary(self, *, ordered: bool = False) -> Path:
        source = sorted(self.rows, key=lambda r: r.counterpart) if ordered else self.rows
        return self.file(f"binary-{ordered}", lambda p: data.write_binary(source, p))

    def again(self, changed: float) -> Path:
        return self.file(f"again-{changed}", lambda p: data.write_binary(data.again(self.rows, changed), p))

    def keys(self, rows: Sequence[data.Row] | None = None, name: str = "keys") -> Path:
        def make(path: Path) -> Path:
            with path.open("w") as out:
                for r in self.rows if rows is None else rows:
                    out.write(f"{r.counterpart.hex()}\t{r.key.hex()}\t{r.content.hex()}\t1\t{r.number}\n")
            return path

        return self.file(name, make)

    def compare(self, title: str, cases: Mapping[str, Plan]) -> None:
        """Interleaved runs; each on fresh tables after a checkpoint; a path = that file is stored before the clock starts."""
        seen: dict[str, list[Seconds]] = {name: [] for name in cases}
        for _ in range(self.repeat):
            for name, (form, case, stored) in cases.items():
                with self.server.connect() as c:
                    for statement in form.ddl():
                        c.execute(statement)
                    if stored:
                        loads.direct(c, form, stored)
                        c.execute("ANALYZE record")
                    c.execute("CHECKPOINT")
                    wal = _wal(c)
                    begin = time.perf_counter()
                    parts = case(c)
                    total = time.perf_counter() - begin
                    seen[name].append({**parts, "total": total, "wal": _wal(c) - wal, "size": loads.size(c)})
        self._print(title, seen)

    def _print(self, title: str, seen: Mapping[str, list[Seconds]]) -> None:
        print(f"\n## {title} ({self.count:,} rows, median of {self.repeat})")
        first = None
        for name, runs in seen.items():
            m = {k: statistics.median(r.get(k, 0.0) for r in runs) for k in runs[0]}
            first = first or m["total"]
            best = self.count / min(r["total"] for r in runs)
            parts = " ".join(f"{k}={v:.2f}s" for k, v in m.items() if k not in {"total", "wal", "size"})
            speed = f"{self.count / m['total']:>9,.0f} rows/s  ×{first / m['total']:.2f}  best {best:>9,.0f}"
            print(
                f"{name:<44}{speed}  {m['size'] / self.count:>6,.0f} B/row  WAL {m['wal'] / self.count:>6,.0f} B/row  {parts}",
                flush=True,
            )


def _wal(c: Connection) -> float:
    row = c.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchone()
    assert row is not None
    return float(row[0])


def _direct(b: Bench, form: Form, *, ordered: bool = False) -> Plan:
    path = b.text(form, ordered=ordered)
    return form, lambda c: loads.direct(c, form, path), None


def _binary(b: Bench, form: Form) -> Plan:
    path = b.binary()
    return form, lambda c: loads.direct(c, form, path, BINARY), None


def _staged(
    b: Bench, form: Form, path: Path | None, how: Callable[..., Seconds], stored: Path | None = None, **kw: Any
) -> Plan:
    source = path or b.text(form)
    options = kw.pop("options", "")
    return form, lambda c: {**loads.staged_copy(c, form, source, options), **how(c, form, **kw)}, stored


BINARY = "(FORMAT binary)"
ORDER: dict[str, Any] = {"order": "ORDER BY counterpart"}


def table_forms(b: Bench) -> None:
    for partitions, indexes, label in ((0, (), "no index"), (16, forms.ALL, "16 partitions, 4 indexes")):
        kinds = {k: Form(body=k, partitions=partitions, indexes=indexes) for k in ("text", "json", "jsonb", "columns")}
        b.compare(f"payload type, direct COPY, {label}", {k: _direct(b, f) for k, f in kinds.items()})


def hashes(b: Bench) -> None:
    kinds = {k: Form(hashes=k) for k in ("uuid", "bytea", "text")}
    b.compare("hash type, direct COPY", {k: _direct(b, f) for k, f in kinds.items()})


def partitions(b: Bench) -> None:
    cases: dict[str, Plan] = {}
    for n in (0, 8, 16, 32):
        cases[f"{n} partitions, direct"] = _binary(b, Form(partitions=n))
        cases[f"{n} partitions, staged + judged, sorted"] = _staged(
            b, Form(partitions=n), b.binary(), loads.judged, options=BINARY, **ORDER
        )
    b.compare("partitions", cases)


def indexes(b: Bench) -> None:
    sets = {
        "none": (),
        "unique": (forms.UNIQUE,),
        "unique + subject": (forms.UNIQUE, forms.SUBJECT),
        "unique + subject + id": (forms.UNIQUE, forms.SUBJECT, forms.ID),
        "unique + subject + id + brin": forms.ALL,
        "unique + subject partial + id + brin": (forms.UNIQUE, forms.SUBJECT_PARTIAL, forms.ID, forms.BATCH),
        "unique + subject + brin (id by other route)": (forms.UNIQUE, forms.SUBJECT, forms.BATCH),
    }
    b.compare("indexes, direct BINARY COPY", {k: _binary(b, Form(indexes=v)) for k, v in sets.items()})


def toast(b: Bench) -> None:
    cases = {
        "plain (inline, not compressed)": Form(),
        "fillfactor 90": Form(fillfactor=90),
        "lz4, toast_tuple_target 512": Form(toast=" COMPRESSION lz4", target=512),
        "lz4, target 256, main": Form(toast=" STORAGE main COMPRESSION lz4", target=256),
        "pglz, toast_tuple_target 512": Form(toast=" COMPRESSION pglz", target=512),
        "external, target 256": Form(toast=" STORAGE external", target=256),
    }
    b.compare("payload storage, direct COPY", {k: _direct(b, f) for k, f in cases.items()})


def copy_formats(b: Bench) -> None:
    form = Form()
    binary = b.binary()
    csv = b.file("csv", lambda p: data.write_csv(b.rows, p))
    nothing: Callable[..., Seconds] = lambda _c, _f: {}  # noqa: E731
    cases = {
        "text": _staged(b, form, None, nothing),
        "csv": _staged(b, form, csv, nothing, options="(FORMAT csv)"),
        "binary": _staged(b, form, binary, nothing, options=BINARY),
    }
    b.compare("COPY format into unlogged staging", cases)


def first_load(b: Bench) -> None:
    form = Form()
    binary = b.binary()
    in_order = b.binary(ordered=True)
    by: dict[str, Any] = {"options": BINARY}
    cases = {
        "direct text COPY, file order": _direct(b, form),
        "direct text COPY, sorted file": _direct(b, form, ordered=True),
        "direct BINARY COPY, file order (yardstick)": (form, lambda c: loads.direct(c, form, binary, BINARY), None),
        "direct BINARY COPY, sorted file": (form, lambda c: loads.direct(c, form, in_order, BINARY), None),
        "text staging, ON CONFLICT, sorted": _staged(b, form, None, loads.upsert, **ORDER),
        "text staging, judged, sorted": _staged(b, form, None, loads.judged, **ORDER),
        "BINARY staging, ON CONFLICT": _staged(b, form, binary, loads.upsert, **by),
        "BINARY staging, ON CONFLICT, sorted": _staged(b, form, binary, loads.upsert, **by, **ORDER),
        "BINARY staging, judged": _staged(b, form, binary, loads.judged, **by),
        "BINARY staging, judged, sorted": _staged(b, form, binary, loads.judged, **by, **ORDER),
        "  no ANALYZE": _staged(b, form, binary, loads.judged, analyze=False, **by, **ORDER),
        "  DO NOTHING guard": _staged(b, form, binary, loads.judged, guard="ON CONFLICT DO NOTHING", **by, **ORDER),
        "  work_mem 256MB": _staged(b, form, binary, loads.judged, settings=("work_mem='256MB'",), **by, **ORDER),
        "  async commit": _staged(b, form, binary, loads.judged, settings=("synchronous_commit=off",), **by, **ORDER),
        "  chunks sorted by the client": _staged(b, form, in_order, loads.judged, **by),
        "keys judged, sorted BINARY COPY of the new": (form, lambda c: loads.keyed(c, form, b.keys(), in_order), None),
    }
    if b.count > 200_000:
        keep = ("direct BINARY", "ON CONFLICT, sorted", "judged, sorted", "keys judged")
        cases = {
            k: v for k, v in cases.items() if k.startswith(("direct B", "BINARY", "keys")) and any(w in k for w in keep)
        }
    b.compare("first load: all new", cases)


def second_load(b: Bench) -> None:
    form = Form()
    stored = b.text(form)
    for share in (0.0, 0.02, 0.5):
        _second(b, form, stored, share)
    tight, loose = Form(), Form(fillfactor=90)
    cases: dict[str, Plan] = {
        "link 1 in 10, fillfactor 100": (tight, _link, stored),
        "link 1 in 10, fillfactor 90": (loose, _link, stored),
    }
    b.compare("linking later: UPDATE subject_id", cases)


def _second(b: Bench, form: Form, stored: Path, share: float) -> None:
    path, rows = b.again(share), data.again(b.rows, share)
    keys, old = b.keys(rows, f"keys-{share}"), {r.content for r in b.rows}
    changed = [r for r in rows if r.content not in old]
    overwrite = b.file(f"changed-{share}", lambda p: data.write_binary(changed, p)) if changed else None
    cases: dict[str, Plan] = {
        "ON CONFLICT, sorted (no revision row)": _staged(b, form, path, loads.upsert, stored, options=BINARY, **ORDER),
        "judged, sorted": _staged(b, form, path, loads.judged, stored, options=BINARY, **ORDER),
        "keyed": (form, lambda c: loads.keyed(c, form, keys, None, overwrite), stored),
    }
    b.compare(f"second load: {share:.0%} changed, other order", cases)


def _link(c: Connection) -> Seconds:
    c.execute("UPDATE record SET subject_id = gen_random_uuid() WHERE row_no % 10 = 0")
    return {}


def server_settings(b: Bench) -> None:
    sets: dict[str, Mapping[str, str]] = {
        "stock": STOCK,
        "tuned": TUNED,
        "tuned, shared_buffers 1GB": {**TUNED, "shared_buffers": "1GB"},
        "tuned, wal_compression off": {**TUNED, "wal_compression": "off"},
        "tuned, max_wal_size 1GB, timeout 5min": {**TUNED, "max_wal_size": "1GB", "checkpoint_timeout": "5min"},
        "tuned, wal_level replica": {**TUNED, "wal_level": "replica", "max_wal_senders": "10"},
    }
    for name, settings in sets.items():
        b.server.stop()
        b.server.start(settings)
        b.compare(
            f"server: {name}",
            {
                "direct": _binary(b, Form()),
                "staged, judged, sorted": _staged(b, Form(), b.binary(), loads.judged, options=BINARY, **ORDER),
            },
        )


EXPERIMENTS: dict[str, Callable[[Bench], None]] = {
    "forms": table_forms,
    "hashes": hashes,
    "partitions": partitions,
    "indexes": indexes,
    "toast": toast,
    "copy": copy_formats,
    "loads": first_load,
    "second": second_load,
    "server": server_settings,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiments", nargs="+", choices=sorted(EXPERIMENTS))
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--sealed", action="store_true", help="every row has a sealed cell")
    parser.add_argument("--stock", action="store_true", help="PostgreSQL's default settings")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the server and its folder go away too
    with (
        tempfile.TemporaryDirectory(prefix="xinshu-spike-rows-") as folder,
        temporary_server(STOCK if args.stock else TUNED) as server,
    ):
        bench = Bench(args.rows, args.repeat, server, Path(folder), args.sealed)
        sample = data.payload(bench.rows[0])
        text = "".join(bench.rows[0].values)
        print(
            f"row: {len(text.encode())} bytes of values, payload {len(sample.encode())} bytes; every row sealed: {args.sealed}"
        )
        for name in args.experiments:
            EXPERIMENTS[name](bench)


if __name__ == "__main__":
    main()
