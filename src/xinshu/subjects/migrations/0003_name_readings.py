"""How names are read, for search by pinyin: the column, filled for the names already there, and its index."""

from typing import ClassVar

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from xinshu.subjects.readings import reading_keys

_BLOCK = 5_000

_FORWARD = """
CREATE INDEX subjects_name_reading ON subjects_subjectname USING gin (string_to_array(reading, ' '));
"""
_BACK = "DROP INDEX subjects_name_reading;"


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Readings of the names that have none, in blocks; may be run again."""
    names = apps.get_model("subjects", "SubjectName").objects.using(schema_editor.connection.alias)
    while block := list(names.filter(reading="").exclude(name_norm="").order_by("id")[:_BLOCK]):
        for each in block:
            each.reading = reading_keys(each.name_norm) or " "
        names.bulk_update(block, ["reading"])


class Migration(migrations.Migration):
    atomic = False  # the fill commits by block

    dependencies: ClassVar = [("subjects", "0002_search_and_rights")]

    operations: ClassVar = [
        migrations.AddField("subjectname", "reading", models.TextField("读音", db_default="", default="")),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunSQL(_FORWARD, _BACK),
    ]
