"""Posts: what an account is for becomes rows with dates; accounts of one person are known as such.

The role an account had is its first post. A trigger keeps one person from holding two administrators' posts at once,
also by several accounts; the cool-off is the program's.
"""

import uuid
from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from xinshu.security.identity.models import ROLES

_CARRY_OVER = """
UPDATE security_user SET person = gen_random_uuid();
INSERT INTO security_post (user_id, organisation_uscc, role, items, from_at)
    SELECT id, organisation_uscc, role, '', created_at FROM security_user;
"""

_SEPARATION = """
CREATE FUNCTION security_post_separate() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE who uuid := (SELECT person FROM security_user WHERE id = NEW.user_id);
BEGIN
    IF NEW.role NOT IN ('system_admin', 'security_admin', 'audit_admin') THEN RETURN NEW; END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('xinshu.person.' || who, 0));
    IF EXISTS (
        SELECT FROM security_post p JOIN security_user u ON u.id = p.user_id
        WHERE u.person = who AND p.id <> NEW.id AND p.role <> NEW.role
          AND p.role IN ('system_admin', 'security_admin', 'audit_admin')
          AND p.from_at < coalesce(NEW.to_at, 'infinity') AND NEW.from_at < coalesce(p.to_at, 'infinity')
    ) THEN RAISE EXCEPTION 'one person may not hold two of the three administrators'' posts' USING ERRCODE = '23P01'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER separate BEFORE INSERT OR UPDATE ON security_post FOR EACH ROW EXECUTE FUNCTION security_post_separate();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("security", "0003_audit")]

    operations: ClassVar = [
        migrations.AddField(
            "user", "person", models.UUIDField(default=uuid.uuid4, editable=False, verbose_name="自然人")
        ),
        migrations.CreateModel(
            name="Post",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("role", models.CharField(choices=ROLES, max_length=20, verbose_name="角色")),
                ("items", models.TextField(blank=True, default="", verbose_name="目录事项")),
                ("from_at", models.DateTimeField(verbose_name="起")),
                ("to_at", models.DateTimeField(null=True, verbose_name="止")),
                (
                    "organisation",
                    models.ForeignKey(
                        db_column="organisation_uscc",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="security.organisation",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="posts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "岗位",
                "ordering": ["from_at", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("to_at", None)), fields=("user", "role"), name="security_post_open_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("to_at", None), ("to_at__gte", models.F("from_at")), _connector="OR"),
                        name="security_post_ends_after_it_begins",
                    ),
                    models.CheckConstraint(
                        condition=~models.Q(("role", "reporter")) | models.Q(("organisation__isnull", False)),
                        name="security_post_reporter_has_organisation",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            [_CARRY_OVER, _SEPARATION],
            "DROP TRIGGER separate ON security_post; DROP FUNCTION security_post_separate();",
        ),
        migrations.AlterField(
            "user",
            "person",
            models.UUIDField(db_index=True, default=uuid.uuid4, editable=False, verbose_name="自然人"),
        ),
        migrations.RemoveConstraint("user", "security_user_reporter_has_organisation"),
        migrations.RemoveField("user", "role"),
    ]
