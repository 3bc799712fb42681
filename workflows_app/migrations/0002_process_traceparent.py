from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workflows_app", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="process",
            name="traceparent",
            field=models.CharField(blank=True, db_default="", default="", max_length=55),
        ),
    ]
