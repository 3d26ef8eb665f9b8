"""Shared stores: claims, an order of results across campaigns, measurements made outside, cost."""

import warnings

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_STATES = "state IN ('proposed', 'reserved', 'running', 'done', 'failed', 'expired')"


def upgrade() -> None:
    """Add what is new; results that are there already get their numbers in the order in which they came."""
    op.create_table(
        "counter", sa.Column("name", sa.String(32), primary_key=True), sa.Column("value", sa.Integer, nullable=False)
    )
    op.add_column("campaign", sa.Column("beats", sa.Integer, nullable=False, server_default="0"))
    op.create_index("candidate_by_key", "candidate", ["key"])
    op.create_index("event_by_campaign", "event", ["campaign_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("evaluation_state_check", "evaluation", type_="check")
    # On SQLite the table is made anew; leaving its old, nameless check behind is what is wanted.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Unnamed CHECK constraint", category=UserWarning)
        _extend_evaluation()
    op.create_index("evaluation_by_finish", "evaluation", ["settings_digest", "finished_no"])
    op.execute(
        "UPDATE evaluation SET finished_no = (SELECT ranked.place FROM (SELECT id, row_number() OVER (ORDER BY finished_at, "
        "id) AS place FROM evaluation WHERE state IN ('done', 'failed')) AS ranked WHERE ranked.id = evaluation.id)"
    )
    op.execute(
        "INSERT INTO counter (name, value) SELECT 'finished', count(*) FROM evaluation WHERE finished_no IS NOT NULL"
    )
    op.create_table(
        "claim",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("settings_digest", sa.String(16), nullable=False),
        sa.Column("campaign_id", sa.Integer, sa.ForeignKey("campaign.id"), nullable=False),
        sa.Column("evaluation_id", sa.Integer, sa.ForeignKey("evaluation.id"), nullable=False),
        sa.Column("owner", sa.String),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.UniqueConstraint("key", "settings_digest"),
    )
    _add_what_came_between()
    op.execute("UPDATE schema_version SET version = 2")


def _extend_evaluation() -> None:
    with op.batch_alter_table("evaluation") as table:
        table.create_check_constraint("evaluation_state", _STATES)
        table.add_column(sa.Column("source", sa.String(16), nullable=False, server_default="simulation"))
        table.add_column(sa.Column("shared_from", sa.Integer))
        table.add_column(sa.Column("finished_no", sa.Integer))
        table.add_column(sa.Column("reserved_until", sa.Float))
        table.add_column(sa.Column("cpu_hours", sa.Float, nullable=False, server_default="0"))
        table.add_column(sa.Column("gpu_hours", sa.Float, nullable=False, server_default="0"))


def _add_what_came_between() -> None:
    # Some stores of the first version were given these tables when they were first needed.
    inspector = sa.inspect(op.get_bind())
    if not inspector.has_table("imported"):
        op.create_table(
            "imported",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("key", sa.String, nullable=False),
            sa.Column("psmiles", sa.String, nullable=False),
            sa.Column("property", sa.String, nullable=False),
            sa.Column("value", sa.Float),
            sa.Column("stderr", sa.Float, nullable=False),
            sa.Column("unit", sa.String, nullable=False),
            sa.Column("fidelity", sa.String, nullable=False),
            sa.Column("source", sa.String, nullable=False),
            sa.Column("digest", sa.String(64), nullable=False),
            sa.Column("line", sa.Integer, nullable=False),
            sa.Column("imported_at", sa.Float, nullable=False),
            sa.UniqueConstraint("digest", "fidelity", "line", "property"),
        )
        op.create_index("imported_by_key", "imported", ["key"])
    if not inspector.has_table("route"):
        op.create_table(
            "route",
            sa.Column("key", sa.String, primary_key=True),
            sa.Column("reaction", sa.String, nullable=False),
            sa.Column("polymer", sa.String, nullable=False),
            sa.Column("monomers", sa.JSON, nullable=False),
        )
    if not inspector.has_table("refraction"):
        op.create_table(
            "refraction",
            sa.Column("cache_key", sa.String, primary_key=True),
            sa.Column("unit_key", sa.String, nullable=False),
            sa.Column("level", sa.String, nullable=False),
            sa.Column("record", sa.String, nullable=False),
            sa.Column("computed_at", sa.Float, nullable=False),
        )
        op.create_index("ix_refraction_unit_key", "refraction", ["unit_key"])
