"""Verbs of the registry: register from records, resolve rows, merge and undo.

The bulk verbs work on the loader's connection, inside its transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString
from uuid import UUID

import numpy as np
import numpy.typing as npt
import psycopg
from django.db import transaction

from xinshu.kernel import copying
from xinshu.kernel.arrays import Uuids, Words, accept_arrays
from xinshu.kernel.cells import Texts
from xinshu.kernel.database import fetch, looking_up
from xinshu.kernel.ids import public_id, uuid7_batch
from xinshu.kernel.text import normalise_name
from xinshu.subjects.domain import (
    CLOSED_STATES,
    NOBODY,
    Basis,
    Link,
    Resolved,
    Suggestion,
    judge_alike,
    telling_bigrams,
)
from xinshu.subjects.errors import MergeRefused
from xinshu.subjects.models import Merge, Subject
from xinshu.subjects.readings import reading_keys

REPORTED = ("uscc", "org_code", "reg_no", "name_norm")
Rows = npt.NDArray[np.int64]

_COMMON = 200  # a bigram that so many names hold does not tell them apart
_RAREST = 4
_WORTH_STATISTICS = 1_000  # subjects added at once
_BEARERS = """
SELECT bigram, (SELECT count(*) FROM (
    SELECT 1 FROM subjects_subjectname n WHERE public.name_bigrams(n.name_norm) @> ARRAY[bigram] LIMIT %s) AS bearers)
FROM unnest(%s::text[]) AS bigram
"""
_CANDIDATES = """
SELECT n.subject_id, n.name, n.name_norm FROM subjects_subjectname n
WHERE public.name_bigrams(n.name_norm) && %s ORDER BY n.name_norm, n.subject_id
"""


@dataclass(frozen=True, slots=True)
class Registration:
    """What a registration record says about its subject. `former_names` as written, joined by ；."""

    uscc: str
    name: str
    name_norm: str
    status: str
    region: str
    approved_on: date | None
    former_names: str


def resolve(connection: psycopg.Connection, reported: Texts) -> Resolved:
    """The subject of each row: by USCC, then organisation code, then registration number with name, then the exact name
    of one live subject. Source: docs/rules.md section 1.6 [proposed].

    The organisation code inside an unknown USCC ties only together with a known name: then the code was issued anew.

    Args:
        reported: the counterparts as rows report them, in the columns `REPORTED`: normalised codes (empty where there is
            none) and comparable name.
    """
    found = Resolved.nothing(reported.height)
    with connection.cursor(binary=True) as cursor, looking_up(cursor):
        accept_arrays(cursor)
        for basis, statement in _WAYS.items():
            rest = np.flatnonzero(found.bases == NOBODY)
            if len(rest):
                _ask(cursor, statement, reported, rest, basis, found)
    return found


def _ask(
    cursor: psycopg.Cursor, statement: LiteralString, reported: Texts, rows: Rows, basis: Basis, found: Resolved
) -> None:
    """Ask whose some rows are by one statement; put the answers into `found`."""
    columns = [reported.place(each) for each in REPORTED]
    words = [Words(reported.buffer, reported.starts[each][rows], reported.sizes[each][rows]) for each in columns]
    row = cursor.execute(statement, words, prepare=True).fetchone()
    answers = np.frombuffer((row and row[0]) or b"", dtype=_ANSWER)
    places = rows[answers["ordinal"].astype(np.int64) - 1]
    found.subjects[places], found.bases[places] = answers["id"], basis
    telling = np.flatnonzero(~answers["named"] | answers["closed"])
    if not len(telling):
        return
    subjects = {each: rest for each, *rest in cursor.execute(_TOLD, [Uuids(answers["id"][telling])]).fetchall()}
    for place, answer in zip(places[telling].tolist(), answers[telling], strict=True):
        name, status, closed_on = subjects[answer["id"].tobytes()]
        other = None if answer["named"] else name
        found.telling[place] = Link(
            answer["id"].tobytes(), basis, other, status if answer["closed"] else None, closed_on
        )


# One value for all rows found, so that nothing has to be made of each of them here. OFFSET 0 keeps the planner from reading
# all subjects and looking for each among the rows (docs/decisions/0014-loading-in-columns.md).
_WHOSE: LiteralString = """
SELECT string_agg(int4send(k.ordinal::int) || uuid_send(s.id) || boolsend(s.named) || boolsend(s.closed), ''::bytea)
FROM unnest(%s, %s, %s, %s) WITH ORDINALITY k (uscc, org_code, reg_no, name_norm, ordinal)
CROSS JOIN LATERAL (
    SELECT o.id, o.closed_on IS NOT NULL AS closed, count(*) OVER () AS bearers,
           o.name_norm = k.name_norm OR EXISTS (
               SELECT 1 FROM subjects_subjectname n WHERE n.subject_id = o.id AND n.name_norm = k.name_norm OFFSET 0
           ) AS named
    FROM subjects_subject o WHERE {who} OFFSET 0) s
WHERE s.bearers = 1 AND {when}
"""
_WAYS: Mapping[Basis, LiteralString] = {
    Basis.USCC: _WHOSE.format(who="o.uscc = k.uscc", when="k.uscc <> ''"),
    Basis.ORG_CODE: _WHOSE.format(
        who="o.org_code = coalesce(nullif(k.org_code, ''), substr(k.uscc, 9, 9)) AND o.org_code <> ''",
        when="(k.uscc = '' OR s.named)",
    ),
    Basis.REG_NO_AND_NAME: _WHOSE.format(
        who="o.reg_no = k.reg_no AND o.reg_no <> '' AND o.name_norm = k.name_norm", when="k.reg_no <> ''"
    ),
    Basis.UNIQUE_NAME: _WHOSE.format(
        who="o.name_norm = k.name_norm AND o.closed_on IS NULL",
        when="k.uscc = '' AND k.org_code = '' AND k.name_norm <> ''",
    ),
}
_ANSWER = np.dtype([("ordinal", ">i4"), ("id", np.uint8, 16), ("named", np.bool_), ("closed", np.bool_)])
_TOLD = "SELECT uuid_send(id), name, status, closed_on FROM subjects_subject WHERE id = ANY(%s)"


def suggest(connection: psycopg.Connection, name_norm: str, bearers: dict[str, int]) -> Suggestion | None:
    """The most similar name of the registry, if any is near enough to be worth a person's look.

    Args:
        bearers: what is known of how many names hold a bigram; added to, so keep it for the next name.
    """
    bigrams = telling_bigrams(name_norm)
    unknown = [bigram for bigram in bigrams if bigram not in bearers]
    if unknown:
        bearers.update(connection.execute(_BEARERS, [_COMMON, unknown]).fetchall())
    rare = sorted((bearers[bigram], bigram) for bigram in bigrams if 0 < bearers[bigram] < _COMMON)[:_RAREST]
    if not rare:
        return None
    rows = connection.execute(_CANDIDATES, [[bigram for _, bigram in rare]]).fetchall()
    best: Suggestion | None = None
    for subject, name, candidate in rows:
        judged = judge_alike(name_norm, candidate)
        if judged is not None and (best is None or judged[0] > best.score):
            best = Suggestion(subject, name, *judged)
    return best


def register(connection: psycopg.Connection, rows: Sequence[Registration], *, now: datetime) -> list[tuple[UUID, bool]]:
    """Create or update the subjects of registration records; the former name of a renamed one is kept.

    Args:
        rows: one for each USCC, none twice.
    Returns:
        For each row the subject and whether it is new to the registry.
    """
    known: dict[str, UUID] = dict(
        connection.execute(
            "SELECT uscc, id FROM subjects_subject WHERE uscc = ANY(%s)", [[row.uscc for row in rows]]
        ).fetchall()
    )
    fresh = [row for row in rows if row.uscc not in known]
    ids = dict(zip((row.uscc for row in fresh), uuid7_batch(now, len(fresh)), strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE TEMP TABLE IF NOT EXISTS registering (id uuid, public_id text, uscc text, org_code text, name text,
               name_norm text, reading text, status text, region text, closed_on date) ON COMMIT DROP"""
        )
        cursor.execute("TRUNCATE registering")
        with cursor.copy("COPY registering FROM STDIN (FORMAT binary)") as copy:
            every = [ids.get(row.uscc) or known[row.uscc] for row in rows]
            columns = (
                copying.uuids(each.bytes for each in every),
                copying.texts(public_id(each) for each in every),
                copying.texts(row.uscc for row in rows),
                copying.texts(row.uscc[8:17] for row in rows),
                copying.texts(row.name for row in rows),
                copying.texts(row.name_norm for row in rows),
                copying.texts(reading_keys(row.name_norm) for row in rows),
                copying.texts(row.status for row in rows),
                copying.texts(row.region for row in rows),
                copying.dates(row.approved_on if row.status in CLOSED_STATES else None for row in rows),
            )
            for block in copying.render(columns):
                copy.write(block)
        for statement in _REGISTER:
            cursor.execute(statement, {"now": now})
        _former_names(cursor, rows, every, now)
    return [(each, row.uscc in ids) for row, each in zip(rows, every, strict=True)]


_REGISTER = (
    """
    INSERT INTO subjects_subject (id, public_id, uscc, org_code, reg_no, name, name_norm, status, region, closed_on,
                                  created_at, updated_at)
    SELECT id, public_id, uscc, org_code, '', name, name_norm, status, region, closed_on, %(now)s, %(now)s
    FROM registering
    ON CONFLICT (uscc) DO UPDATE SET name = excluded.name, name_norm = excluded.name_norm, status = excluded.status,
        region = excluded.region, closed_on = excluded.closed_on, updated_at = excluded.updated_at
    """,
    """
    UPDATE subjects_subjectname n SET current = false FROM registering r
    WHERE n.subject_id = r.id AND n.current AND n.name_norm <> r.name_norm
    """,
    """
    INSERT INTO subjects_subjectname (subject_id, name, name_norm, reading, current, since)
    SELECT id, name, name_norm, reading, true, %(now)s FROM registering
    ON CONFLICT (subject_id, name_norm) DO UPDATE SET current = true, name = excluded.name
    WHERE NOT subjects_subjectname.current OR subjects_subjectname.name <> excluded.name
    """,
)


def _former_names(cursor: psycopg.Cursor, rows: Sequence[Registration], ids: Sequence[UUID], now: datetime) -> None:
    former = [
        (subject, name, norm, reading_keys(norm), now)
        for row, subject in zip(rows, ids, strict=True)
        for name in (part.strip() for part in row.former_names.replace(";", "；").split("；"))
        if name and (norm := normalise_name(name)) != row.name_norm
    ]
    if former:
        cursor.executemany(
            "INSERT INTO subjects_subjectname (subject_id, name, name_norm, reading, current, since)"
            " VALUES (%s, %s, %s, %s, false, %s) ON CONFLICT (subject_id, name_norm) DO NOTHING",
            former,
        )


def settle(added: int) -> bool:
    """Make the registry quick to look up after subjects were added or renamed: what waits to be put into the indexes of
    names goes there, and where at least a tenth is new the planner learns of it.

    To be called after the transaction that added them. Returns whether statistics were made.
    """
    ((made,),) = fetch("SELECT subjects_settle(%s, %s)", [added, added >= _WORTH_STATISTICS])
    return bool(made)


@transaction.atomic
def merge(loser: UUID, winner: UUID, *, reason: str, by: str, now: datetime) -> Merge:
    """Judge two subjects to be one. Nothing moves: the winner's page shows both, until the merge is undone.

    Raises:
        MergeRefused: the same subject, an unknown one, one already merged, or no reason given.
    """
    if not reason.strip():
        raise MergeRefused("合并主体须写明理由", fix="写明依据，如登记机关的函号")
    pair = {each.id: each for each in Subject.objects.select_for_update().filter(id__in=[loser, winner])}
    if loser == winner or len(pair) != 2:
        raise MergeRefused("合并须是主体库中两个不同的主体", fix="核对两个主体的代码")
    if Merge.objects.filter(loser_id__in=[loser, winner], undone_at=None).exists():
        raise MergeRefused("其中一个主体已并入其他主体", fix="先撤销原合并，或并入其现主体")
    return Merge.objects.create(loser_id=loser, winner_id=winner, reason=reason, merged_by=by, merged_at=now)


@transaction.atomic
def undo_merge(merge_id: int, *, reason: str, by: str, now: datetime) -> Merge:
    """Undo a merge; the trail keeps both judgements.

    Raises:
        MergeRefused: no such merge, undone already, or no reason given.
    """
    found = Merge.objects.select_for_update().filter(id=merge_id, undone_at=None).first()
    if found is None or not reason.strip():
        raise MergeRefused("没有可撤销的合并，或未写明理由", fix="核对合并编号并写明理由")
    found.undone_at, found.undone_by, found.undo_reason = now, by, reason
    found.save(update_fields=["undone_at", "undone_by", "undo_reason"])
    return found
