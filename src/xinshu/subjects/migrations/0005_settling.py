"""After a load the indexes of parts and readings of names are put in order, besides the statistics.

What is added to a GIN index waits in a list that every look-up reads to its end: 2.5 ms each after a large load, until a
vacuum comes. Putting it in order takes as long as the list is.
"""

from typing import ClassVar

from django.db import migrations

from xinshu.security.roles import APP_ROLE

_FUNCTION = f"""
CREATE FUNCTION subjects_settle(added bigint, worth boolean) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM gin_clean_pending_list('public.subjects_name_bigrams');
    PERFORM gin_clean_pending_list('public.subjects_name_reading');
    IF NOT worth THEN
        RETURN false;
    END IF;
    RETURN public.subjects_analyse(added);
END $$;
REVOKE EXECUTE ON FUNCTION subjects_settle(bigint, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION subjects_settle(bigint, boolean) TO {APP_ROLE};
REVOKE EXECUTE ON FUNCTION subjects_analyse(bigint) FROM {APP_ROLE};
"""
_BACK = f"""
GRANT EXECUTE ON FUNCTION subjects_analyse(bigint) TO {APP_ROLE};
DROP FUNCTION subjects_settle(bigint, boolean);
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("subjects", "0004_statistics")]

    operations: ClassVar = [migrations.RunSQL(_FUNCTION, _BACK)]
