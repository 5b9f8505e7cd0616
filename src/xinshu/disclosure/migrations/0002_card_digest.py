from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("disclosure", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="card",
            name="digest",
            field=models.CharField(default="", max_length=64, verbose_name="内容摘要"),
            preserve_default=False,
        ),
    ]
