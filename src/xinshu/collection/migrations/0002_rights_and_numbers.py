"""The loader writes a batch's outcome in the transaction that loads it; batch labels are counted per Shanghai day."""

from typing import ClassVar

from django.db import migrations, models

from xinshu.security.roles import LOADER_ROLE

_FORWARD = f"""
CREATE TABLE collection_batch_counter (day date PRIMARY KEY, last integer NOT NULL);
CREATE INDEX collection_finding_row ON collection_storedfinding (batch_id, row_no);
GRANT SELECT, INSERT, UPDATE ON collection_batch, collection_doubtfulrow, collection_storedfinding, collection_tally,
    collection_ruletally TO {LOADER_ROLE};
GRANT USAGE, SELECT ON SEQUENCE collection_doubtfulrow_id_seq, collection_storedfinding_id_seq,
    collection_tally_id_seq, collection_ruletally_id_seq TO {LOADER_ROLE};
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("collection", "0001_initial"), ("security", "0001_initial")]

    operations: ClassVar = [
        migrations.RunSQL(_FORWARD, "DROP TABLE collection_batch_counter; DROP INDEX collection_finding_row;"),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="BatchCounter",
                    fields=[
                        ("day", models.DateField(primary_key=True, serialize=False)),
                        ("last", models.IntegerField()),
                    ],
                    options={"managed": False, "db_table": "collection_batch_counter"},
                )
            ]
        ),
    ]
