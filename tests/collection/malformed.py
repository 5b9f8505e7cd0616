"""A hundred files nobody should send, made from good ones by a fixed die; the same every time."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Iterator, Sequence
from random import Random

import hostile
import polars as pl

Case = tuple[str, str, bytes]  # name of the case, name of the file, content


def cases(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Case]:
    """All of them; names are unique."""
    good = good_files(head, rows)
    return [*damaged(good), *misnamed(good), *texts(head, rows), *documents(head), *archives(head, rows)]


def good_files(head: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, bytes]:
    """The same table in every form that is read."""
    text = "".join(",".join(f'"{cell}"' for cell in row) + "\r\n" for row in (head, *rows))
    records = [dict(zip(head, row, strict=True)) for row in rows]
    return {
        "csv": text.encode(),
        "txt": text.replace(",", "\t").encode("utf-16"),
        "xlsx": hostile.workbook([head, *rows]),
        "xls": hostile.xls([head, *rows]),
        "ods": hostile.ods([head, *rows]),
        "json": json.dumps(records, ensure_ascii=False).encode("gb18030"),
        "jsonl": "\n".join(json.dumps(each) for each in records).encode(),
        "parquet": hostile.parquet(pl.DataFrame(list(rows), schema=list(head), orient="row")),
    }


def damaged(good: dict[str, bytes]) -> Iterator[Case]:
    """Cut off, bits flipped, bytes overwritten, pieces doubled or lost."""
    for number, (form, content) in enumerate(good.items()):
        dice = Random(number)
        for turn in range(2):
            yield f"{form} cut {turn}", f"a.{form}", content[: dice.randrange(1, len(content))]
        for turn in range(3):
            flipped = bytearray(content)
            for _ in range(1 + len(content) // 500):
                flipped[dice.randrange(len(flipped))] ^= 1 << dice.randrange(8)
            yield f"{form} flipped {turn}", f"a.{form}", bytes(flipped)
        start, size = dice.randrange(len(content)), 1 + len(content) // 10
        yield f"{form} overwritten", f"a.{form}", content[:start] + dice.randbytes(size) + content[start + size :]
        yield f"{form} with zeros", f"a.{form}", content[:start] + bytes(size) + content[start + size :]
        yield f"{form} with a piece lost", f"a.{form}", content[:start] + content[start + size :]


def misnamed(good: dict[str, bytes]) -> Iterator[Case]:
    """Right content under a wrong or hostile name."""
    names = ["a.pdf", "a", ".csv", "a.xlsx.exe", "=cmd|'C calc'!A0.csv", "a\n\x1b[2J.csv", "*.parquet", "[a-z]?.csv"]
    for name, content in zip(names, [*good.values()], strict=True):
        yield f"named {name!r}", name, content
    yield "text as a workbook", "a.xls", good["csv"]
    yield "a web page as a workbook", "b.xls", b"<html><table><tr><td>x</td></tr></table></html>"
    yield "a workbook as Parquet", "a.parquet", good["csv"]
    yield "a name of the greatest length", "长" * 80 + ".csv", good["csv"]


def texts(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Case]:
    """Text tables that are none."""
    line = ",".join(head).encode() + b"\n"
    body = ",".join(rows[0]).encode() + b"\n"
    yield "NUL bytes only", "a.csv", bytes(10_000)
    yield "NUL bytes at the end", "a.csv", line + body + bytes(5_000)
    yield "NUL in a heading", "a.csv", line.replace(b",", b"\0,", 1) + body
    yield "nested quotes", "a.csv", line + b'"' * 9_999 + b"\n" + body
    yield "quotes in quotes", "a.csv", line + b'"a ""b"" "c" d",' * 2_000
    yield "a quote that never closes", "a.csv", line + body + b'"' + b"x\n" * 50_000
    yield "one endless line", "a.csv", line + b"x" * 3_000_000
    yield "commas only", "a.csv", line + b"," * 1_000_000 + b"\n"
    yield "a million lines of nothing", "a.csv", line + b"\n" * 1_000_000
    yield "random bytes", "a.csv", Random(1).randbytes(50_000)
    yield "lone surrogates in UTF-16", "a.csv", b"\xff\xfe" + b"\x00\xd8" * 2_000
    yield "half a character of UTF-16", "a.csv", (line + body).decode().encode("utf-16")[:-1]
    yield "UTF-32", "a.csv", (line + body).decode().encode("utf-32")
    yield "only a mark of byte order", "a.csv", b"\xff\xfe"
    yield "line ends of all kinds", "a.csv", line.replace(b"\n", b"\r") + body + b"\r\r\n\n\r" + body
    yield "headings that are formulas", "a.csv", b"=1+1,@SUM(A1)," + line + b"1,2," + body


def documents(head: Sequence[str]) -> Iterator[Case]:
    """JSON beyond reason."""
    yield "JSON nested deeply", "a.json", b"[" * 100_000
    yield "JSON nested in a record", "a.json", b'[{"' + head[0].encode() + b'":' + b"[" * 5_000 + b"]" * 5_000 + b"}]"
    yield (
        "JSON with a number of a million digits",
        "a.json",
        b'[{"' + head[0].encode() + b'":' + b"9" * 1_000_000 + b"}]",
    )
    yield "JSON of an exponent", "a.json", b'[{"' + head[0].encode() + b'":1e999999999}]'
    yield "JSON of nothing", "a.json", b"{}"
    yield "JSON keys twice", "a.jsonl", (f'{{"{head[0]}":1,"{head[0]}":2}}\n').encode()
    yield "JSON with NaN", "a.json", b'[{"' + head[0].encode() + b'":NaN}]'
    yield "JSON of ten thousand keys", "a.json", json.dumps([{f"k{n}": n for n in range(10_000)}]).encode()


def archives(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Case]:
    """Workbooks that unfold, lie or reach outside."""
    book, document = hostile.workbook([head, *rows]), hostile.ods([head, *rows])
    yield "bomb", "a.xlsx", hostile.zip_bomb(book, 80 << 20)
    yield "bomb in ODS", "a.ods", hostile.zip_bomb(document, 80 << 20)
    yield "archive in itself", "a.xlsx", hostile.altered(book, {"xl/worksheets/sheet1.xml": book})
    yield "billion laughs", "a.xlsx", hostile.with_entities(book)
    yield "external entity", "a.xlsx", hostile.with_utf16_entities(book)
    yield "huge dimension", "a.xlsx", hostile.far_cells(book, "XFD1048576")
    yield (
        "dimension that lies",
        "a.xlsx",
        hostile.altered(
            book, {hostile.SHEET: lambda xml: xml.replace(b"<dimension ref=", b'<dimension ref="A1:XFD1048576" x=')}
        ),
    )
    yield "path upwards", "a.xlsx", hostile.altered(book, {"../../../tmp/xinshu-outside": b"x"})
    yield "macros", "a.xlsx", hostile.with_macros(book)
    yield "encrypted parts", "a.xlsx", hostile.encrypted_entries(book)
    yield "encrypted", "a.xlsx", hostile.compound_file("EncryptedPackage")
    yield "sectors in a ring", "a.xls", hostile.looping(hostile.xls([head, *rows]))
    yield "shared strings that are not there", "a.xlsx", hostile.altered(book, {"xl/sharedStrings.xml": b"<sst/>"})
    yield (
        "a string number beyond all",
        "a.xlsx",
        hostile.altered(book, {hostile.SHEET: lambda xml: xml.replace(b"<v>0</v>", b"<v>99999999999999999999</v>")}),
    )
    yield "styles that are not there", "a.xlsx", hostile.altered(book, {"xl/styles.xml": b"<styleSheet/>"})
    yield "a part twice", "a.xlsx", _twice(book)
    yield "sheets without relations", "a.xlsx", hostile.altered(book, {"xl/_rels/workbook.xml.rels": b"<x/>"})
    yield "any archive", "a.zip", hostile.altered(b"PK\x05\x06" + bytes(18), {"readme.txt": b"x"})
    yield (
        "Parquet with a footer of four gigabytes",
        "a.parquet",
        b"PAR1" + bytes(40) + struct.pack("<I", 2**32 - 1) + b"PAR1",
    )
    yield (
        "Parquet of equal rows without number",
        "a.parquet",
        hostile.parquet(
            pl.DataFrame({head[0]: pl.repeat("x", 20_000, eager=True), "n": pl.repeat(1, 20_000, eager=True)})
        ),
    )


def _twice(archive: bytes) -> bytes:
    buffer = io.BytesIO(archive)
    with zipfile.ZipFile(buffer, "a") as opened, zipfile.ZipFile(io.BytesIO(archive)) as old:
        entry = zipfile.ZipInfo("XL/worksheets/sheet1.xml")
        opened.writestr(entry, old.read(hostile.SHEET))
    return buffer.getvalue()
