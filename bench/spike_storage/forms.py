"""Table forms under test: column types, partitions, indexes, storage options."""

from __future__ import annotations

from dataclasses import dataclass

from rows import FIELDS

#: Staged columns before the item's own fields; `{h}` is the hash type.
STAGED = (
    ("counterpart", "{h} NOT NULL"),
    ("key_hash", "{h} NOT NULL"),
    ("content_hash", "{h} NOT NULL"),
    ("id", "uuid NOT NULL"),
    ("subject_id", "uuid"),
    ("item_id", "smallint NOT NULL"),
    ("supplier_id", "int NOT NULL"),
    ("region", "int"),
    ("batch_id", "int NOT NULL"),
    ("row_no", "int NOT NULL"),
    ("publicity", "smallint NOT NULL"),
    ("event_date", "date"),
    ("public_from", "date"),
    ("public_until", "date"),
    ("authority", "text NOT NULL"),
    ("sealed", "bytea"),
    ("person_index", "{h}"),
)
ADDED = (
    "public_review date, marks int NOT NULL DEFAULT 0, received_at timestamptz NOT NULL DEFAULT now(), "
    "first_received_at timestamptz NOT NULL DEFAULT now()"
)
UNIQUE = "CREATE UNIQUE INDEX ON record (counterpart, item_id, key_hash)"
SUBJECT = "CREATE INDEX ON record (subject_id)"
SUBJECT_PARTIAL = "CREATE INDEX ON record (subject_id) WHERE subject_id IS NOT NULL"
ID = "CREATE INDEX ON record (id)"
BATCH = "CREATE INDEX ON record USING brin (batch_id)"
ALL = (UNIQUE, SUBJECT, ID, BATCH)


@dataclass(frozen=True, slots=True)
class Form:
    """`body`: text | json | jsonb | columns. `toast`: storage clause of the payload. `target`: toast_tuple_target."""

    body: str = "text"
    hashes: str = "uuid"
    partitions: int = 16
    indexes: tuple[str, ...] = ALL
    fillfactor: int = 100
    toast: str = ""
    target: int = 0

    def columns(self) -> list[str]:
        own = FIELDS if self.body == "columns" else ("payload",)
        return [name for name, _ in STAGED] + [name.lower() for name in own]

    def definitions(self) -> list[str]:
        own = (
            [(f.lower(), "text") for f in FIELDS]
            if self.body == "columns"
            else [("payload", f"{self.body}{self.toast}")]
        )
        return [f"{name} {kind.format(h=self.hashes)}" for name, kind in (*STAGED, *own)]

    def ddl(self) -> list[str]:
        """Statements that drop and make `record` and the unlogged `staging`."""
        options = [f"fillfactor={self.fillfactor}"] + ([f"toast_tuple_target={self.target}"] if self.target else [])
        body = f"({', '.join(self.definitions())}, {ADDED})"
        stored = f"WITH ({', '.join(options)}, autovacuum_enabled=off)"
        out = ["DROP TABLE IF EXISTS record, staging, revision"]
        if self.partitions:
            out.append(f"CREATE TABLE record {body} PARTITION BY HASH (counterpart)")
            out += [
                f"CREATE TABLE record_{i:02d} PARTITION OF record FOR VALUES WITH (MODULUS {self.partitions}, REMAINDER {i}) {stored}"
                for i in range(self.partitions)
            ]
        else:
            out.append(f"CREATE TABLE record {body} {stored}")
        out += self.indexes
        out.append(f"CREATE UNLOGGED TABLE staging ({', '.join(self.definitions())}) WITH (autovacuum_enabled=off)")
        out.append(
            f"CREATE TABLE revision (counterpart {self.hashes}, id uuid, content_hash {self.hashes}, batch_id int, "
            "row_no int, received_at timestamptz, payload text, sealed bytea)"
        )
        return out
