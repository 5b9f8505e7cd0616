"""A file whose doubts its supplier has confirmed is a batch of its own beside the one in which they kept rows back."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("collection", "0003_hand_ins")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="batch",
            name="confirmed",
            field=models.BooleanField(default=False, verbose_name="疑问已确认"),
        ),
        migrations.RemoveConstraint(model_name="batch", name="collection_same_file_same_batch"),
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.UniqueConstraint(
                fields=["supplier", "item", "item_version", "digest", "confirmed"],
                name="collection_same_file_same_batch",
            ),
        ),
    ]
