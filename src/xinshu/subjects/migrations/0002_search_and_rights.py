"""Indexes for names (exact, prefix, bigrams) and the loader's rights on the registry."""

from typing import ClassVar

from django.db import migrations

from xinshu.security.roles import LOADER_ROLE

_FORWARD = f"""
CREATE FUNCTION public.name_bigrams(name text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT coalesce(array_agg(DISTINCT substr(name, place, 2)), '{{}}')
       FROM generate_series(1, char_length(name) - 1) AS place $$;
CREATE INDEX subjects_name_prefix ON subjects_subjectname (name_norm text_pattern_ops);
CREATE INDEX subjects_name_bigrams ON subjects_subjectname USING gin (public.name_bigrams(name_norm));
CREATE INDEX subjects_live_name ON subjects_subject (name_norm) WHERE closed_on IS NULL;
CREATE INDEX subjects_reg_no ON subjects_subject (reg_no) WHERE reg_no <> '';
GRANT SELECT, INSERT, UPDATE ON subjects_subject, subjects_subjectname TO {LOADER_ROLE};
GRANT SELECT ON subjects_merge TO {LOADER_ROLE};
GRANT USAGE, SELECT ON SEQUENCE subjects_subjectname_id_seq TO {LOADER_ROLE};
"""
_BACK = "DROP INDEX subjects_live_name, subjects_name_bigrams, subjects_name_prefix, subjects_reg_no; DROP FUNCTION public.name_bigrams;"


class Migration(migrations.Migration):
    dependencies: ClassVar = [("subjects", "0001_initial"), ("security", "0001_initial")]

    operations: ClassVar = [migrations.RunSQL(_FORWARD, _BACK)]
