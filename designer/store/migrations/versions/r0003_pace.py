"""How fast a running simulation is and how long it will take, for pages of other processes."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add two columns that stay empty for what has ended."""
    op.add_column("evaluation", sa.Column("ns_per_day", sa.Float))
    op.add_column("evaluation", sa.Column("remaining_s", sa.Float))
    op.execute("UPDATE schema_version SET version = 3")
