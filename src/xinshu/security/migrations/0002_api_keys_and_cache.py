"""API keys of organisations, and the table of Django's database cache (counts of failed sign-ins)."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("security", "0001_initial")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                ("id", models.CharField(max_length=12, primary_key=True, serialize=False, verbose_name="编号")),
                ("digest", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("label", models.CharField(max_length=100, verbose_name="用途")),
                ("created_at", models.DateTimeField(verbose_name="建立时间")),
                ("last_used_at", models.DateTimeField(null=True, verbose_name="最近使用")),
                ("revoked_at", models.DateTimeField(null=True, verbose_name="停用时间")),
                (
                    "organisation",
                    models.ForeignKey(
                        db_column="organisation_uscc",
                        on_delete=django.db.models.deletion.PROTECT,
                        to="security.organisation",
                        verbose_name="单位",
                    ),
                ),
            ],
            options={"verbose_name": "接口密钥", "ordering": ["created_at"]},
        ),
        migrations.CreateModel(
            name="CacheEntry",
            fields=[
                ("cache_key", models.CharField(max_length=255, primary_key=True, serialize=False)),
                ("value", models.TextField()),
                ("expires", models.DateTimeField(db_index=True)),
            ],
            options={"db_table": "security_cache"},
        ),
    ]
