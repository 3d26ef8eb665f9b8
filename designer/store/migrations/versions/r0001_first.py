"""The first schema: campaigns, candidates, evaluations, measurements, failures, events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "schema_version",
        sa.Column("application", sa.String(64), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "campaign",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(64), nullable=False, unique=True),
        sa.Column("seed", sa.Integer, nullable=False),
        sa.Column("config", sa.JSON, nullable=False),
        sa.Column("identity", sa.JSON, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("elapsed_s", sa.Float, nullable=False),
        sa.Column("finished_at", sa.Float),
        sa.Column("stop_reason", sa.String),
        sa.Column("owner", sa.String),
        sa.Column("owner_host", sa.String),
        sa.Column("owner_pid", sa.Integer),
        sa.Column("owner_started_at", sa.Float),
        sa.Column("heartbeat_at", sa.Float),
    )
    op.create_table(
        "candidate",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("campaign_id", sa.Integer, sa.ForeignKey("campaign.id"), nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("psmiles", sa.String, nullable=False),
        sa.Column("log_prior", sa.Float),
        sa.Column("origin", sa.String, nullable=False),
        sa.Column("in_corpus", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.UniqueConstraint("campaign_id", "key"),
    )
    op.create_table(
        "evaluation",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("campaign_id", sa.Integer, sa.ForeignKey("campaign.id"), nullable=False),
        sa.Column("candidate_id", sa.Integer, sa.ForeignKey("candidate.id"), nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("step", sa.String, nullable=False),
        sa.Column("settings_digest", sa.String(16), nullable=False),
        sa.Column("seed", sa.Integer, nullable=False),
        sa.Column("folder", sa.String, nullable=False),
        sa.Column("acquisition", sa.Float),
        sa.Column("predicted", sa.JSON, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("stage", sa.String),
        sa.Column("fraction", sa.Float),
        sa.Column("worker", sa.String),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("started_at", sa.Float),
        sa.Column("finished_at", sa.Float),
        sa.Column("wall_s", sa.Float, nullable=False),
        sa.Column("diagnostics", sa.JSON, nullable=False),
        sa.Column("provenance", sa.JSON, nullable=False),
        sa.UniqueConstraint("candidate_id", "settings_digest"),
        sa.UniqueConstraint("campaign_id", "ordinal"),
        sa.CheckConstraint("state IN ('proposed', 'running', 'done', 'failed')"),
    )
    op.create_index("evaluation_by_state", "evaluation", ["campaign_id", "state"])
    op.create_table(
        "measurement",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("evaluation_id", sa.Integer, sa.ForeignKey("evaluation.id"), nullable=False),
        sa.Column("property", sa.String, nullable=False),
        sa.Column("value", sa.Float, nullable=False),
        sa.Column("stderr", sa.Float, nullable=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("fidelity", sa.String, nullable=False),
        sa.Column("provenance", sa.JSON, nullable=False),
        sa.UniqueConstraint("evaluation_id", "property", "fidelity"),
    )
    op.create_table(
        "failure",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("evaluation_id", sa.Integer, sa.ForeignKey("evaluation.id"), nullable=False, unique=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("message", sa.String, nullable=False),
        sa.Column("provenance", sa.JSON, nullable=False),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("campaign_id", sa.Integer, sa.ForeignKey("campaign.id"), nullable=False),
        sa.Column("evaluation_id", sa.Integer, sa.ForeignKey("evaluation.id")),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("message", sa.String, nullable=False),
    )
    op.execute("INSERT INTO schema_version (application, version) VALUES ('polymer-designer', 1)")
