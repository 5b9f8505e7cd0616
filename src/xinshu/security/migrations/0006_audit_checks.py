"""Checks and evidence are few among many entries and asked for on every page of the auditor: an index of their own."""

from typing import ClassVar

from django.db import migrations

_INDEX = """
CREATE INDEX security_audit_entry_checks ON security_audit_entry (action, id)
WHERE action IN ('audit.verify', 'audit.evidence', 'risk.review')
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("security", "0005_identity")]

    operations: ClassVar = [migrations.RunSQL(_INDEX, "DROP INDEX security_audit_entry_checks")]
