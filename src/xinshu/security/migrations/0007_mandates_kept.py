"""A mandate stays as it was given: the program may end or lengthen one (a legal person's, at sign-in), nothing else."""

from typing import ClassVar

from django.db import migrations

from xinshu.security.roles import APP_ROLE

_KEPT = f"""
REVOKE UPDATE, DELETE, TRUNCATE ON security_mandate FROM {APP_ROLE};
GRANT UPDATE (ended_at, to_at, firm_name) ON security_mandate TO {APP_ROLE};
CREATE FUNCTION xinshu_mandate_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL OR (OLD.capacity = 'handler' AND NEW.to_at <> OLD.to_at) THEN
        RAISE EXCEPTION 'a mandate that has ended stays so, and a handler''s is not lengthened';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER security_mandate_kept BEFORE UPDATE ON security_mandate
    FOR EACH ROW EXECUTE FUNCTION xinshu_mandate_kept();
"""
_UNDO = f"""
DROP TRIGGER security_mandate_kept ON security_mandate;
DROP FUNCTION xinshu_mandate_kept();
REVOKE UPDATE (ended_at, to_at, firm_name) ON security_mandate FROM {APP_ROLE};
GRANT UPDATE, DELETE, TRUNCATE ON security_mandate TO {APP_ROLE};
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("security", "0006_audit_checks")]

    operations: ClassVar = [migrations.RunSQL(_KEPT, _UNDO)]
