"""Search in the registry by what a person types: codes, names and parts of names, short and former names, pinyin.

Every way is one statement over an index of PostgreSQL: B-trees for codes, whole names and beginnings, one GIN of the
names' bigrams for any part from two characters, one of their readings for pinyin (docs/decisions/0006-names.md). The
statistics that ANALYZE keeps of a GIN's elements tell the planner when a part is so common that reading the table in
order is faster; bigrams that nearly every name holds are left to the second look. A part that very many names hold is
answered with some of them, not with the best.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import connection

from xinshu.kernel.identifiers import OrgCode, Uscc
from xinshu.kernel.text import normalise_cell, normalise_name
from xinshu.subjects.domain import Found, Hit, Proposed, telling_bigrams
from xinshu.subjects.likeness import WORTH_SHOWING, Likeness, compare
from xinshu.subjects.parts import NameParts, split_name
from xinshu.subjects.readings import pairs_of, split_syllables, syllables_of, threes_of, typed_pinyin
from xinshu.subjects.vocabulary import Vocabulary

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # PostgreSQL takes no NUL and no half of a pair
_CODE_BEGINNING = re.compile("(?=.*[0-9])[0-9A-Z]{6,18}")
_ORG_CODE = re.compile("[0-9A-Z]{8}-[0-9X]")
_REG_NO = re.compile("[0-9]{13,15}")
_LONGEST = 200
_SPARE = 2  # times the limit are fetched, since one subject may match by several names
_CANDIDATES = 60  # names compared for each way in which a name may be misspelt
_MOST_PROPOSED = 5
_MOST_SPLITS = 3

_COLUMNS = "n.subject_id, n.name, n.name_norm, n.current"
_NAMES = f"SELECT {_COLUMNS} FROM subjects_subjectname n WHERE"
_EXACT = f"{_NAMES} n.name_norm = %s"
_BEGINNING = f"({_NAMES} n.name_norm LIKE %s ORDER BY n.name_norm USING ~<~ LIMIT %s)"
_CONTAINING = "public.name_bigrams(n.name_norm) @> %s"
_READ = "string_to_array(n.reading, ' ') @> %s"
_LOOK = "n.reading LIKE %s"
_SUBJECTS = """
SELECT s.uscc, s.name, s.status, s.region, s.closed_on IS NOT NULL, f.name, f.name_norm, f.current
FROM ({names}) AS f (subject_id, name, name_norm, current) JOIN subjects_subject s ON s.id = f.subject_id
"""
_BY_CODE = "SELECT s.uscc, s.name, s.status, s.region FROM subjects_subject s WHERE"

_Statement = tuple[str, list[Any]]
_Row = tuple[str, str, str, str, bool, str, str, bool]


def without_controls(text: str) -> str:
    """The text without the characters the database refuses."""
    return _CONTROL.sub("", text)


def search_names(text: str, *, vocabulary: Vocabulary | None = None, limit: int = 20) -> Found:
    """Subjects by what was typed; exact names first, then beginnings, then parts; living subjects before closed ones.

    Args:
        text: 18, 9 or 15 characters of a code, or the beginning of a credit code; a name, or two or more characters
            from anywhere in it; several parts with spaces between; pinyin of two syllables or three initials.
        vocabulary: with it short names (甲乙公司), names with their region elsewhere or retired are found too, and
            similar names are proposed where nothing is found.
    """
    cell = normalise_cell(without_controls(text[:_LONGEST]))
    wanted = normalise_name(cell)
    if len(wanted) < 2:
        return Found()
    by_code = _by_code(wanted, limit)
    if by_code:
        return Found(tuple(by_code), full=len(by_code) == limit)
    hits = {hit.uscc: hit for hit in _by_name(wanted, cell, limit)}
    if len(hits) < limit and (typed := typed_pinyin(cell)):
        for hit in _by_reading(typed, limit):
            hits.setdefault(hit.uscc, hit)
    if vocabulary is None:
        return _found(hits.values(), limit)
    parts = split_name(wanted, vocabulary)
    if not hits:
        hits = {hit.uscc: hit for hit in _by_parts(parts, vocabulary, limit)}
    proposed = () if hits else _similar(parts, vocabulary)
    return _found(hits.values(), limit, proposed, tuple(_retired_regions(parts, vocabulary)))


def _found(hits: Iterable[Hit], limit: int, proposed: tuple[Proposed, ...] = (), notes: tuple[str, ...] = ()) -> Found:
    every = list(hits)
    return Found(tuple(every[:limit]), proposed, len(every) >= limit, notes)


def _fetch(statement: str, values: Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[Any] = cursor.fetchall()
        return rows


def _by_code(wanted: str, limit: int) -> list[Hit]:
    """By a whole credit code, organisation code or registration number, or the beginning of a credit code."""
    if _ORG_CODE.fullmatch(wanted):
        wanted = wanted.replace("-", "")
    if Uscc.is_valid(wanted):
        return _coded("s.uscc = %s", wanted, limit, "uscc", "统一社会信用代码")
    if OrgCode.is_valid(wanted):
        return _coded("s.org_code = %s", wanted, limit, "org_code", "组织机构代码")
    found: list[Hit] = []
    if _REG_NO.fullmatch(wanted):
        found = _coded("s.reg_no <> '' AND s.reg_no = %s", wanted, limit, "reg_no", "注册号")
    if not found and _CODE_BEGINNING.fullmatch(wanted):
        found = _coded("s.uscc LIKE %s", _like(wanted, after=True), limit, "uscc", "统一社会信用代码开头")
    return found


def _coded(condition: str, value: str, limit: int, field: str, matched: str) -> list[Hit]:
    statement = f"{_BY_CODE} {condition} ORDER BY s.uscc USING ~<~ LIMIT %s"
    return [
        Hit(uscc, name, status, matched, field, "", region)
        for uscc, name, status, region in _fetch(statement, [value, limit])
    ]


def _by_name(wanted: str, cell: str, limit: int) -> list[Hit]:
    """By the whole name, its beginning, a part of it, or several parts in any order."""
    terms = [term for part in cell.split() if (term := normalise_name(part))]
    several = [_containing(terms, limit)] if len(terms) > 1 else []
    rows = _run([_exact(wanted), _beginning(wanted, limit), _containing([wanted], limit), *several])

    def place(row: _Row) -> int:
        return 0 if row[6] == wanted else 1 if row[6].startswith(wanted) else 2

    def words(row: _Row) -> str:
        return ("名称", "名称开头", "名称中间")[place(row)] if wanted in row[6] else "名称含各词"

    rows.sort(key=lambda row: (place(row), not row[7], row[4], len(row[6]), row[6], row[0]))
    return list(_hits(rows, words))


def _by_reading(typed: str, limit: int) -> list[Hit]:
    """By pinyin: whole syllables, of which the last may be begun only, or first letters."""
    statements: list[_Statement] = []
    for way in split_syllables(typed)[:_MOST_SPLITS]:
        keys = pairs_of(way)
        pattern = f"%{_escaped(' '.join(keys))}%"
        statements.append((f"({_NAMES} {_READ} AND {_LOOK} LIMIT %s)", [keys[:-1] or keys, pattern, limit * _SPARE]))
    letters = typed.replace(" ", "")
    if keys := threes_of(letters):
        pattern = f"%{_escaped(' '.join(keys))}%"
        statements.append((f"({_NAMES} {_READ} AND {_LOOK} LIMIT %s)", [keys, pattern, limit * _SPARE]))
    rows = _run(statements)

    def initials(row: _Row) -> bool:
        return letters not in "".join(syllables_of(row[6]))

    rows.sort(key=lambda row: (initials(row), not row[7], row[4], len(row[6]), row[6], row[0]))
    return list(_hits(rows, lambda row: "拼音首字母" if initials(row) else "拼音", "pinyin"))


def _by_parts(parts: NameParts, vocabulary: Vocabulary, limit: int) -> list[Hit]:
    """By the parts of a name wherever they stand: 甲乙公司, a region in brackets or under its former name."""
    if len(parts.trade_name) < 2 or parts.branch:
        return []
    pieces = [parts.trade_name, *([parts.trade] if parts.trade else [])]
    if parts.form.word:
        pieces.append("公司" if parts.form.word.endswith("公司") else parts.form.word)
    places = [list(region_variants((each,), vocabulary)) for each in parts.regions[-1:]]
    if len(pieces) == 1 and not places:
        return []
    rows = _run([_containing(pieces, limit, places)])
    rows.sort(key=lambda row: (not row[7], row[4], len(row[6]), row[6], row[0]))
    return list(_hits(rows, lambda _row: "简称或名称各部分", "short_name"))


def region_variants(regions: Sequence[str], vocabulary: Vocabulary) -> Iterator[str]:
    """The names under which a region, perhaps retired, may stand in a name: as written, short, those of its successors."""
    for each in regions:
        yield each.rstrip("省市县") if len(each) > 2 else each
        codes = vocabulary.regions.get(each, ())
        if codes and vocabulary.retired(codes):
            for code in sorted(vocabulary.today(codes)):
                yield normalise_name(vocabulary.divisions.name(code)).rstrip("省市县")


def _retired_regions(parts: NameParts, vocabulary: Vocabulary) -> Iterator[str]:
    for each in parts.regions:
        codes = vocabulary.regions.get(each, ())
        now = [vocabulary.divisions.name(code) for code in sorted(vocabulary.today(codes))]
        if codes and vocabulary.retired(codes) and now:
            yield f"“{each}”已撤销或更名，现为{'、'.join(now)}"


def _similar(parts: NameParts, vocabulary: Vocabulary) -> tuple[Proposed, ...]:
    """Names read the same, or with one character of trade name and trade different, missing or too many; the likest
    first. Suggestions only."""
    body = parts.body
    if len(parts.trade_name) < 2:
        return ()
    places = [list(region_variants((each,), vocabulary)) for each in parts.regions[-1:]]
    statements: list[_Statement] = []
    keys = pairs_of(syllables_of(body))
    if keys:
        statements.append((f"({_NAMES} {_READ} LIMIT %s)", [keys, _CANDIDATES]))
    for gap in range(min(len(body), 6)):
        pieces = [piece for piece in (body[:gap], body[gap + 1 :]) if piece]
        if sum(map(len, pieces)) >= 3:
            statements.append(_containing(pieces, _CANDIDATES // _SPARE, places))
    judged: dict[str, tuple[Likeness, _Row]] = {}
    for row in _run(statements):
        likeness = compare(parts, split_name(row[6], vocabulary), vocabulary)
        if likeness.score >= WORTH_SHOWING and (row[0] not in judged or judged[row[0]][0].score < likeness.score):
            judged[row[0]] = (likeness, row)
    best = sorted(judged.values(), key=lambda each: (-each[0].score, each[1][1], each[1][0]))[:_MOST_PROPOSED]
    return tuple(
        Proposed(row[0], row[1], row[2], likeness.score, tuple(each.words for each in likeness.features))
        for likeness, row in best
    )


def _exact(wanted: str) -> _Statement:
    return _EXACT, [wanted]


def _beginning(wanted: str, limit: int) -> _Statement:
    return _BEGINNING, [_like(wanted, after=True), limit * _SPARE]


def _containing(pieces: Sequence[str], limit: int, one_of: Sequence[Sequence[str]] = ()) -> _Statement:
    """Names that hold every piece, and of each group of `one_of` at least one."""
    bigrams = sorted({bigram for piece in pieces for bigram in telling_bigrams(piece)})
    conditions = [_CONTAINING] if bigrams else []
    values: list[Any] = [bigrams] if bigrams else []
    for piece in pieces:
        if piece not in bigrams:  # a bigram of the index needs no second look
            conditions.append("n.name_norm LIKE %s")
            values.append(_like(piece))
    for group in one_of:
        conditions.append("n.name_norm LIKE ANY(%s)")
        values.append([_like(each) for each in group])
    return f"({_NAMES} {' AND '.join(conditions) or 'true'} LIMIT %s)", [*values, limit * _SPARE]


def _run(statements: Sequence[_Statement]) -> list[_Row]:
    if not statements:
        return []
    names = " UNION ALL ".join(statement for statement, _ in statements)
    return _fetch(_SUBJECTS.format(names=names), [value for _, values in statements for value in values])


def _hits(rows: Iterable[_Row], words: Any, field: str = "name") -> Iterator[Hit]:
    """One hit for each subject, by the first of its rows."""
    seen: set[str] = set()
    for row in rows:
        uscc, name, status, region, _closed, matching, _norm, current = row
        if uscc in seen:
            continue
        seen.add(uscc)
        matched = words(row)
        if current:
            yield Hit(uscc, name, status, matched, field, "", region)
        else:
            how = "" if matched == "名称" else f"，{matched}"
            kind = "former_name" if field == "name" else field
            yield Hit(uscc, name, status, f"曾用名（{matching}{how}）", kind, matching, region)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _like(text: str, *, after: bool = False) -> str:
    """A pattern for names that contain the text, or begin with it."""
    return f"{'' if after else '%'}{_escaped(text)}%"
