"""The application may have the registry's statistics made anew after a large load, although it owns no table.

Autovacuum comes within a minute or so; until then look-ups of names are planned for an empty registry.
"""

from typing import ClassVar

from django.db import migrations

from xinshu.security.roles import APP_ROLE

_FUNCTION = f"""
CREATE FUNCTION subjects_analyse(added bigint) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    IF added * 10 < (SELECT greatest(reltuples, 0) FROM pg_class WHERE oid = 'public.subjects_subject'::regclass) THEN
        RETURN false;
    END IF;
    ANALYZE public.subjects_subject;
    ANALYZE public.subjects_subjectname;
    RETURN true;
END $$;
REVOKE EXECUTE ON FUNCTION subjects_analyse(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION subjects_analyse(bigint) TO {APP_ROLE};
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("subjects", "0003_name_readings")]

    operations: ClassVar = [migrations.RunSQL(_FUNCTION, "DROP FUNCTION subjects_analyse(bigint)")]
