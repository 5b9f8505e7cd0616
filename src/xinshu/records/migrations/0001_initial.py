"""The record store: partitioned, owned by the loader, read by the app under row-level security.

Forms and indexes by docs/decisions/0002-record-storage.md. PostgreSQL refuses COPY into a table under row-level security for
a role the policies apply to; they do not apply to a table's owner, so the loader owns these tables.
"""

from typing import ClassVar

from django.db import migrations

from xinshu.records.models import Record, Revision
from xinshu.security.roles import APP_ROLE, LOADER_ROLE

_PARTITIONS = 16

_CONTENT = """
    content_hash uuid NOT NULL,
    batch_id integer NOT NULL,
    row_no integer NOT NULL,
    supplier text NOT NULL,
    authority text NOT NULL,
    region integer,
    event_date date,
    ends_on date,
    received_at timestamptz NOT NULL,
    rule_set text,
    severity text,
    public_from date,
    repair_from date,
    public_until date,
    marks integer NOT NULL,
    payload text NOT NULL,
    sealed bytea
"""

_TABLES = f"""
CREATE TABLE records_record (
    counterpart uuid NOT NULL,
    item_id smallint NOT NULL,
    key_hash uuid NOT NULL,
    id uuid NOT NULL,
    subject_id uuid,
    linked_by smallint,
    linked_at timestamptz,
    first_received_at timestamptz NOT NULL,
    person_index uuid,
    {_CONTENT}
) PARTITION BY HASH (counterpart);
CREATE TABLE records_revision (
    counterpart uuid NOT NULL,
    id uuid NOT NULL,
    known_until timestamptz NOT NULL,
    {_CONTENT}
) PARTITION BY HASH (counterpart);
"""

_PARTS = "".join(
    f"CREATE TABLE {table}_{number:02d} PARTITION OF {table}"
    f" FOR VALUES WITH (MODULUS {_PARTITIONS}, REMAINDER {number});"
    for table in ("records_record", "records_revision")
    for number in range(_PARTITIONS)
)

_INDEXES = """
CREATE UNIQUE INDEX records_record_key ON records_record (counterpart, item_id, key_hash);
CREATE INDEX records_record_subject ON records_record (subject_id);
CREATE INDEX records_record_id ON records_record (id);
CREATE INDEX records_record_batch ON records_record USING brin (batch_id);
CREATE INDEX records_record_person ON records_record (person_index) WHERE person_index IS NOT NULL;
CREATE UNIQUE INDEX records_revision_key ON records_revision (counterpart, id, received_at);
"""

# The app reads only what its transaction's scope lets through: nothing without one.
# 'all': the gate of disclosure, operators and the program's own upkeep. A day: what is public on that day.
_POLICIES = f"""
CREATE FUNCTION records_scope() RETURNS text LANGUAGE sql STABLE AS
    $$ SELECT coalesce(current_setting('xinshu.scope', true), '') $$;
ALTER TABLE records_record ENABLE ROW LEVEL SECURITY;
ALTER TABLE records_revision ENABLE ROW LEVEL SECURITY;
CREATE POLICY records_read ON records_record FOR SELECT TO {APP_ROLE} USING (
    CASE WHEN records_scope() = '' THEN false
         WHEN records_scope() = 'all' THEN true
         ELSE public_from <= records_scope()::date
              AND (public_until IS NULL OR records_scope()::date < public_until) END);
CREATE POLICY records_read ON records_revision FOR SELECT TO {APP_ROLE} USING (records_scope() = 'all');
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON records_record, records_revision FROM {APP_ROLE};
GRANT SELECT ON records_record, records_revision TO {APP_ROLE};
"""

_EVERY = [
    table if number is None else f"{table}_{number:02d}"
    for table in ("records_record", "records_revision")
    for number in (None, *range(_PARTITIONS))
]
_OWNER = (
    f"GRANT CREATE ON SCHEMA public TO {LOADER_ROLE};"
    + "".join(f"ALTER TABLE {table} OWNER TO {LOADER_ROLE};" for table in _EVERY)
    + f"REVOKE CREATE ON SCHEMA public FROM {LOADER_ROLE};"
    + "".join(f"REVOKE ALL ON {table} FROM {APP_ROLE};" for table in _EVERY if table[-1].isdigit())
)


class Migration(migrations.Migration):
    initial = True

    dependencies: ClassVar = [("security", "0001_initial")]

    operations: ClassVar = [
        migrations.RunSQL(
            [_TABLES, _PARTS, _INDEXES, _POLICIES, _OWNER],
            "DROP TABLE records_record, records_revision; DROP FUNCTION records_scope();",
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name=model.__name__,
                    fields=[(each.name, each.clone()) for each in model._meta.local_fields],
                    options={"managed": False, "db_table": model._meta.db_table},
                )
                for model in (Record, Revision)
            ]
        ),
    ]
