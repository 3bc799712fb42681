from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workflows_app", "0005_own_workflows"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="process",
            index=models.Index(fields=["created_by", "-created_at"], name="process_created_by"),
        ),
    ]
