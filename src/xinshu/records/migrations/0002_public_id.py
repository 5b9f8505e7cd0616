"""Records are found by the id that stands in public addresses (`kernel.ids.public_id`: 80 bits of the id's SHA-256).

An index over what is computed from the id, no column: the id says it all, and rows stay as narrow as they are.
"""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("records", "0001_initial")]

    operations: ClassVar = [
        migrations.RunSQL(
            "CREATE INDEX records_record_public ON records_record (substr(sha256(uuid_send(id)), 1, 10))",
            "DROP INDEX records_record_public",
        ),
    ]
