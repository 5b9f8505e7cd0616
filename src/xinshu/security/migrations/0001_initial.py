"""Organisations and users, and the database roles everything later relies on.

The roles come first so that a login that may not make them fails before any table of ours exists.
"""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

import xinshu.security.models
from xinshu.security.roles import ensure_roles, grant_ordinary_rights


def make_roles(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Roles and rights; undoing leaves them, since other databases of the server may use the roles."""
    ensure_roles(schema_editor.connection)
    grant_ordinary_rights(schema_editor.connection)


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.RunPython(make_roles, migrations.RunPython.noop),
        migrations.CreateModel(
            name="Organisation",
            fields=[
                (
                    "uscc",
                    models.CharField(max_length=18, primary_key=True, serialize=False, verbose_name="统一社会信用代码"),
                ),
                ("name", models.CharField(max_length=200, verbose_name="名称")),
                ("region", models.CharField(max_length=6, verbose_name="行政区划代码")),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("nation", "国家"),
                            ("province", "省"),
                            ("city", "设区市"),
                            ("county", "县（市、区）"),
                        ],
                        max_length=10,
                        verbose_name="层级",
                    ),
                ),
                ("kind", models.CharField(max_length=40, verbose_name="类别")),
            ],
            options={"verbose_name": "单位", "ordering": ["uscc"]},
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "id",
                    models.UUIDField(
                        default=xinshu.security.models.new_user_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("username", models.CharField(max_length=150, unique=True, verbose_name="用户名")),
                ("display_name", models.CharField(max_length=100, verbose_name="姓名")),
                (
                    "role",
                    models.CharField(
                        choices=[("reporter", "报送员"), ("operator", "运营员")], max_length=12, verbose_name="角色"
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="可登录")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="建立时间"),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        db_column="organisation_uscc",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="security.organisation",
                        verbose_name="单位",
                    ),
                ),
            ],
            options={
                "verbose_name": "用户",
                "constraints": [
                    models.CheckConstraint(
                        condition=~models.Q(("role", "reporter")) | models.Q(("organisation__isnull", False)),
                        name="security_user_reporter_has_organisation",
                    )
                ],
            },
        ),
    ]
