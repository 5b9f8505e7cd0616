"""Verbs of the registry: register from records, resolve rows, merge and undo.

The bulk verbs work on the loader's connection, inside its transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import psycopg
from django.db import transaction

from xinshu.kernel import copying
from xinshu.kernel.database import fetch, looking_up
from xinshu.kernel.ids import public_id, uuid7_batch
from xinshu.kernel.text import normalise_name
from xinshu.subjects.domain import CLOSED_STATES, Basis, Link, Suggestion, judge_alike, telling_bigrams
from xinshu.subjects.errors import MergeRefused
from xinshu.subjects.models import Merge, Subject
from xinshu.subjects.readings import reading_keys

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


class Reported(NamedTuple):
    """A counterpart as a row reports it: normalised codes (empty where there is none) and comparable name."""

    uscc: str
    org_code: str
    reg_no: str
    name_norm: str


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


def resolve(connection: psycopg.Connection, rows: Sequence[Reported]) -> list[Link | None]:
    """The subject of each row, or None: by USCC, then organisation code, then registration number with name, then
    the exact name of one live subject. Source: docs/rules.md section 1.6 [proposed].

    The organisation code inside an unknown USCC ties only together with a known name: then the code was issued anew.
    """
    found: list[Link | None] = [None] * len(rows)
    if not rows:
        return found
    with connection.cursor(binary=True) as cursor, looking_up(cursor):
        _lay_out(cursor, rows, range(len(rows)))
        cursor.execute(_BY_USCC)
        _take(cursor, found, Basis.USCC)
        rest = [ordinal for ordinal, link in enumerate(found) if link is None]
        if rest:
            _lay_out(cursor, rows, rest)
            for basis, statement in _WEAKER:
                cursor.execute(statement)
                _take(cursor, found, basis)
    return found


def _lay_out(cursor: psycopg.Cursor, rows: Sequence[Reported], ordinals: Sequence[int]) -> None:
    """Put some of the rows into the temporary table that the statements join with."""
    cursor.execute(
        "CREATE TEMP TABLE IF NOT EXISTS resolving (ordinal int, uscc text, org_code text, reg_no text, name_norm text)"
        " ON COMMIT DROP"
    )
    cursor.execute("TRUNCATE resolving")
    wanted = [rows[ordinal] for ordinal in ordinals]
    with cursor.copy("COPY resolving FROM STDIN (FORMAT binary)") as copy:
        columns = (
            copying.integers(ordinals),
            copying.texts(row.uscc for row in wanted),
            copying.texts(row.org_code or row.uscc[8:17] for row in wanted),
            copying.texts(row.reg_no for row in wanted),
            copying.texts(row.name_norm for row in wanted),
        )
        for block in copying.render(columns):
            copy.write(block)
    cursor.execute("ANALYZE resolving")


def _take(cursor: psycopg.Cursor, found: list[Link | None], basis: Basis) -> None:
    for ordinal, subject, name, status, closed_on in cursor.fetchall():
        if found[ordinal] is None:
            found[ordinal] = Link(subject, basis, name, status, closed_on)


# Name and state come along only where there is something to say about them: most rows are plain.
_LINK = """
SELECT t.ordinal, uuid_send(s.id),
       CASE WHEN s.name_norm <> t.name_norm AND NOT EXISTS (
           SELECT 1 FROM subjects_subjectname n WHERE n.subject_id = s.id AND n.name_norm = t.name_norm)
       THEN s.name END,
       CASE WHEN s.closed_on IS NOT NULL THEN s.status END, s.closed_on
FROM resolving t
"""
_BY_USCC = _LINK + "JOIN subjects_subject s ON s.uscc = t.uscc WHERE t.uscc <> ''"
_WEAKER = (
    (
        Basis.ORG_CODE,
        _LINK
        + """JOIN subjects_subject s ON s.org_code = t.org_code
        WHERE t.org_code <> ''
          AND NOT EXISTS (SELECT 1 FROM subjects_subject o WHERE o.org_code = t.org_code AND o.id <> s.id)
          AND (t.uscc = '' OR s.name_norm = t.name_norm OR EXISTS (
               SELECT 1 FROM subjects_subjectname n WHERE n.subject_id = s.id AND n.name_norm = t.name_norm))""",
    ),
    (
        Basis.REG_NO_AND_NAME,
        _LINK
        + """JOIN subjects_subject s ON s.reg_no = t.reg_no AND s.name_norm = t.name_norm
        WHERE t.reg_no <> ''
          AND NOT EXISTS (SELECT 1 FROM subjects_subject o
                          WHERE o.reg_no = t.reg_no AND o.name_norm = t.name_norm AND o.id <> s.id)""",
    ),
    (
        Basis.UNIQUE_NAME,
        _LINK
        + """JOIN subjects_subject s ON s.name_norm = t.name_norm AND s.closed_on IS NULL
        WHERE t.uscc = '' AND t.org_code = '' AND t.name_norm <> ''
          AND NOT EXISTS (SELECT 1 FROM subjects_subject o
                          WHERE o.name_norm = t.name_norm AND o.closed_on IS NULL AND o.id <> s.id)""",
    ),
)


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
