"""Make ``key=value`` of a state findable on PostgreSQL.

Only top-level scalars are indexed, as only they are searched for: an index on the whole patch
would make the checkpoint of a long list several times slower. SQLite reads the steps.
"""

from typing import Any

from django.db import migrations

_TERMS = """
CREATE FUNCTION workflows_app_state_terms(patch jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (
        SELECT jsonb_object_agg(key, value) FROM jsonb_each(patch)
        WHERE pg_column_size(value) < 1000 AND jsonb_typeof(value) NOT IN ('object', 'array')
    );
END
$$
"""
_INDEX = """
CREATE INDEX step_state_terms ON workflows_app_processstep
USING gin (workflows_app_state_terms(patch) jsonb_path_ops)
"""


def create(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(_TERMS)
        schema_editor.execute(_INDEX)


def drop(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX step_state_terms")
        schema_editor.execute("DROP FUNCTION workflows_app_state_terms(jsonb)")


class Migration(migrations.Migration):
    dependencies = [
        ("workflows_app", "0008_process_lists"),
    ]

    operations = [
        migrations.RunPython(create, drop, elidable=False),
    ]
