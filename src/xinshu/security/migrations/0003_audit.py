"""The audit record: entries, their places in the chain, sealed blocks, stubs of purges, and what protects them."""

from typing import ClassVar

from django.db import migrations

from xinshu.security.audit.ddl import PROTECTION, TABLES, UNDO
from xinshu.security.audit.models import Block, Entry, Link, Stub, Watch


class Migration(migrations.Migration):
    dependencies: ClassVar = [("security", "0002_api_keys_and_cache")]

    operations: ClassVar = [
        migrations.RunSQL([TABLES, PROTECTION], UNDO),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name=model.__name__,
                    fields=[(each.name, each.clone()) for each in model._meta.local_fields],
                    options={"managed": False, "db_table": model._meta.db_table},
                )
                for model in (Entry, Link, Block, Stub, Watch)
            ]
        ),
    ]
