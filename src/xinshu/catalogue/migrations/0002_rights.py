"""The loader reads the items' numbers."""

from typing import ClassVar

from django.db import migrations

from xinshu.security.roles import LOADER_ROLE


class Migration(migrations.Migration):
    dependencies: ClassVar = [("catalogue", "0001_initial"), ("security", "0001_initial")]

    operations: ClassVar = [
        migrations.RunSQL(
            f"GRANT SELECT ON catalogue_item, catalogue_itemversion TO {LOADER_ROLE}", migrations.RunSQL.noop
        )
    ]
