"""Sessions, passwords used before, sealed secrets of second factors, changes of posts by two persons, mandates of handlers.

A decision about a change of posts is final: the program may write it once. Mandates are under row-level security.
"""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from xinshu.security.identity.models import ROLES
from xinshu.security.roles import APP_ROLE
from xinshu.security.rowsecurity import FUNCTIONS, UNDO_FUNCTIONS, protect

_FINAL = f"REVOKE UPDATE, DELETE, TRUNCATE ON security_roledecision FROM {APP_ROLE};"
_MANDATES = protect(
    "security_mandate",
    unit="firm",
    person="(SELECT u.person::text FROM security_user u WHERE u.id = user_id)",
)


class Migration(migrations.Migration):
    dependencies = [
        ("security", "0004_posts"),
    ]

    operations = [
        migrations.CreateModel(
            name="FactorSecret",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("sealed", models.BinaryField()),
            ],
            options={
                "verbose_name": "第二因素密文",
            },
        ),
        migrations.AddField(
            model_name="user",
            name="password_set_at",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="口令设定时间"),
        ),
        migrations.AddField(
            model_name="user",
            name="password_temporary",
            field=models.BooleanField(default=False, verbose_name="一次性口令"),
        ),
        migrations.CreateModel(
            name="RoleChange",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                (
                    "role",
                    models.CharField(
                        choices=ROLES,
                        max_length=20,
                    ),
                ),
                ("items", models.TextField(blank=True, default="")),
                ("kind", models.CharField(choices=[("give", "授予"), ("end", "收回")], max_length=5)),
                ("reason", models.CharField(max_length=200)),
                ("proposed_at", models.DateTimeField()),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "待审批"),
                            ("approved", "已同意"),
                            ("refused", "未同意"),
                            ("withdrawn", "已撤回"),
                        ],
                        default="proposed",
                        max_length=10,
                    ),
                ),
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
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "岗位变更",
                "ordering": ["-proposed_at"],
            },
        ),
        migrations.CreateModel(
            name="UsedPassword",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=128, verbose_name="scrypt")),
                ("set_at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "用过的口令",
            },
        ),
        migrations.CreateModel(
            name="Mandate",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("firm", models.CharField(max_length=18, verbose_name="统一社会信用代码")),
                ("firm_name", models.CharField(max_length=200, verbose_name="企业名称")),
                ("capacity", models.CharField(choices=[("legal", "法定代表人"), ("handler", "经办人")], max_length=7)),
                ("scope", models.CharField(max_length=60)),
                ("from_at", models.DateTimeField(verbose_name="起")),
                ("to_at", models.DateTimeField(verbose_name="止")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="收回")),
                (
                    "given_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "经办授权",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("to_at__gt", models.F("from_at"))), name="security_mandate_ends"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("capacity", "legal"), ("given_by__isnull", False), _connector="OR"),
                        name="security_mandate_handler_is_let",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RoleDecision",
            fields=[
                (
                    "change",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="decision",
                        serialize=False,
                        to="security.rolechange",
                    ),
                ),
                ("approved", models.BooleanField()),
                ("decided_at", models.DateTimeField()),
                (
                    "decided_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "岗位变更的决定",
            },
        ),
        migrations.CreateModel(
            name="SignedSession",
            fields=[
                ("name", models.CharField(max_length=16, primary_key=True, serialize=False)),
                ("session_key", models.CharField(max_length=40)),
                ("address", models.CharField(max_length=64)),
                ("agent", models.CharField(max_length=200)),
                ("started_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("end_reason", models.CharField(default="", max_length=20)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "会话",
                "indexes": [
                    models.Index(condition=models.Q(("ended_at", None)), fields=["user"], name="security_session_open")
                ],
            },
        ),
        migrations.RunSQL([FUNCTIONS, _MANDATES, _FINAL], UNDO_FUNCTIONS),
    ]
