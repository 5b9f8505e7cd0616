"""How names are read, for search by pinyin: the column, filled for the names already there, and its index."""

from typing import ClassVar

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from xinshu.subjects.readings import reading_of

_BLOCK = 5_000

# Two syllables side by side, and the first letters of three: what a typed reading is looked up by.
_FORWARD = """
CREATE FUNCTION public.reading_initials(reading text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT regexp_replace(reading, '(\\S)\\S* ', '\\1', 'g') $$;
CREATE FUNCTION public.reading_grams(reading text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ WITH parts AS (SELECT string_to_array(rtrim(reading), ' ') AS part)
       SELECT coalesce(array_agg(DISTINCT gram), '{}') FROM parts, LATERAL (
           SELECT part[place] || ' ' || part[place + 1] AS gram FROM generate_series(1, cardinality(part) - 1) AS place
           UNION ALL
           SELECT left(part[place], 1) || left(part[place + 1], 1) || left(part[place + 2], 1)
           FROM generate_series(1, cardinality(part) - 2) AS place) AS grams $$;
CREATE INDEX subjects_name_reading ON subjects_subjectname USING gin (public.reading_grams(reading));
"""
_BACK = (
    "DROP INDEX subjects_name_reading; DROP FUNCTION public.reading_grams(text); DROP FUNCTION public.reading_initials;"
)


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Readings of the names that have none, in blocks; may be run again."""
    names = apps.get_model("subjects", "SubjectName").objects.using(schema_editor.connection.alias)
    while block := list(names.filter(reading="").exclude(name_norm="").order_by("id")[:_BLOCK]):
        for each in block:
            each.reading = reading_of(each.name_norm) or " "
        names.bulk_update(block, ["reading"])


class Migration(migrations.Migration):
    atomic = False  # the fill commits by block

    dependencies: ClassVar = [("subjects", "0002_search_and_rights")]

    operations: ClassVar = [
        migrations.AddField("subjectname", "reading", models.TextField("读音", db_default="", default="")),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunSQL(_FORWARD, _BACK),
    ]
