"""Records about organisations are found by the number of their document (`records.domain.document_digest`).

Records loaded before this have none and are found by their subject only, until their content changes: no release has
gone out without it, so there is no store to fill.
"""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("records", "0002_public_id")]

    operations: ClassVar = [
        migrations.RunSQL(
            [
                "ALTER TABLE records_record ADD COLUMN document bigint",
                "CREATE INDEX records_record_document ON records_record (document) WHERE document IS NOT NULL",
            ],
            "ALTER TABLE records_record DROP COLUMN document",
            state_operations=[migrations.AddField("record", "document", models.BigIntegerField(null=True))],
        ),
    ]
