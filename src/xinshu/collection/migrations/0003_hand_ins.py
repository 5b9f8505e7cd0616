"""Files handed in by the channels, and how far their jobs have come; the batches of a supplier are found by an index."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("collection", "0002_rights_and_numbers")]

    operations: ClassVar = [
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(fields=["supplier", "-id"], name="collection_batch_of_supplier"),
        ),
        migrations.CreateModel(
            name="HandIn",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("channel", models.CharField(max_length=6, verbose_name="渠道")),
                ("sender", models.CharField(blank=True, max_length=36, verbose_name="经手")),
                ("size", models.BigIntegerField(verbose_name="字节数")),
                ("received_at", models.DateTimeField(verbose_name="接收时间")),
                ("state", models.CharField(max_length=8, verbose_name="状态")),
                ("step", models.CharField(blank=True, max_length=20, verbose_name="步骤")),
                ("share", models.FloatField(default=0, verbose_name="完成比例")),
                ("rows", models.IntegerField(default=0, verbose_name="已处理行数")),
                ("attempts", models.IntegerField(default=0, verbose_name="次数")),
                ("started_at", models.DateTimeField(null=True, verbose_name="开始时间")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="完成时间")),
                ("code", models.CharField(blank=True, max_length=60, verbose_name="错误代码")),
                ("message", models.TextField(blank=True, verbose_name="原因")),
                ("fix", models.TextField(blank=True, verbose_name="改法")),
                ("trace", models.CharField(blank=True, max_length=19, verbose_name="追踪号")),
                ("idempotency_key", models.CharField(blank=True, max_length=200, verbose_name="幂等键")),
                ("place", models.TextField(blank=True, verbose_name="文件夹中的位置")),
                ("signature", models.CharField(blank=True, max_length=80, verbose_name="文件特征")),
                ("settled_at", models.DateTimeField(null=True, verbose_name="移走时间")),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="hand_ins", to="collection.batch"
                    ),
                ),
            ],
            options={
                "verbose_name": "报送",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("idempotency_key", ""), _negated=True),
                        fields=("sender", "idempotency_key"),
                        name="collection_idempotency_key",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("place", ""), _negated=True),
                        fields=("place", "signature"),
                        name="collection_folder_file_once",
                    ),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["queued", "running"])),
                        fields=["received_at"],
                        name="collection_hand_in_open",
                    )
                ],
            },
        ),
    ]
