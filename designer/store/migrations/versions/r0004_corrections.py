"""Corrections and withdrawals: who changed which value, when and why; evaluations may be withdrawn."""

import warnings

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_STATES = "state IN ('proposed', 'reserved', 'running', 'done', 'failed', 'expired', 'withdrawn')"


def upgrade() -> None:
    """Add the table of corrections, the state `withdrawn`, and a mark of withdrawn known data."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Unnamed CHECK constraint", category=UserWarning)
        with op.batch_alter_table("evaluation") as table:
            table.alter_column("state", type_=sa.String(16), existing_type=sa.String(8), existing_nullable=False)
            table.drop_constraint("evaluation_state", type_="check")
            table.create_check_constraint("evaluation_state", _STATES)
    op.add_column("imported", sa.Column("withdrawn", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "correction",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("campaign_id", sa.Integer, sa.ForeignKey("campaign.id")),
        sa.Column("evaluation_id", sa.Integer, sa.ForeignKey("evaluation.id")),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("who", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("psmiles", sa.String, nullable=False),
        sa.Column("property", sa.String),
        sa.Column("fidelity", sa.String),
        sa.Column("unit", sa.String),
        sa.Column("old_value", sa.Float),
        sa.Column("old_stderr", sa.Float),
        sa.Column("new_value", sa.Float),
        sa.Column("new_stderr", sa.Float),
        sa.Column("about", sa.JSON, nullable=False),
    )
    op.execute("UPDATE schema_version SET version = 4")
