"""Revisions of the schema, applied by Alembic; each numbers `SCHEMA_VERSION` one higher than its predecessor."""
