"""Identities, settings digests and fidelities of what was asked for; results of all calculations in one table; substances."""

import hashlib
import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from designer.digests import settings_digest_of
from mdcore.settings.asked import fidelity_of
from mdcore.settings.version_1 import PRESETS, asked_of_version_1

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_CAMPAIGN = sa.table("campaign", sa.column("id"), sa.column("identity", sa.JSON))
_EVALUATION = sa.table("evaluation", sa.column("id"), sa.column("campaign_id"), sa.column("settings_digest"))
_CLAIM = sa.table("claim", sa.column("campaign_id"), sa.column("settings_digest"))
_MEASUREMENT = sa.table("measurement", sa.column("evaluation_id"), sa.column("fidelity"))
_OPTICS = {
    "functional": "pbe0", "basis": "aug-cc-pvdz", "n_conformers": 2, "max_heavy_atoms": 16, "conformers": "etkdg"
}  # fmt: skip


def upgrade() -> None:
    """Write the identity of each campaign anew, and the digests and fidelities of what it simulated."""
    connection = op.get_bind()
    for row in connection.execute(sa.select(_CAMPAIGN)).all():
        identity = row.identity
        if "simulation" not in identity:
            continue
        renewed = {"version": 2, **identity}
        if "optics" in identity:
            kept = {k: v for k, v in identity["optics"].items() if _OPTICS.get(k) != v}
            renewed["optics"] = kept
        if "outside" not in identity["simulation"]:
            renewed["simulation"] = asked_of_version_1(identity["simulation"])
            _rename(connection, row.id, identity, renewed)
        connection.execute(sa.update(_CAMPAIGN).where(_CAMPAIGN.c.id == row.id).values(identity=renewed))
    _widen_refractions()
    # Every candidate so far is the homopolymer of its repeat unit, which needs no document.
    op.add_column("candidate", sa.Column("substance", sa.JSON(), nullable=True))
    op.execute("UPDATE schema_version SET version = 5")


def _widen_refractions() -> None:
    """Make the table of refractions one of all calculations."""
    op.drop_index("ix_refraction_unit_key", "refraction")
    op.rename_table("refraction", "calculation")
    with op.batch_alter_table("calculation") as table:
        table.alter_column("cache_key", new_column_name="key")
        table.alter_column("unit_key", new_column_name="subject")
        table.add_column(sa.Column("calculation", sa.String(), nullable=False, server_default="molar_refractions"))
    with op.batch_alter_table("calculation") as table:
        table.alter_column("calculation", server_default=None)
    op.create_index("ix_calculation_subject", "calculation", ["subject"])


def _rename(connection: sa.Connection, campaign: int, identity: dict[str, Any], renewed: dict[str, Any]) -> None:
    before = {
        "settings": identity["simulation"], "properties": sorted(identity["properties"]),
        **({"optics": identity["optics"]} if "optics" in identity else {}),
    }  # fmt: skip
    old = hashlib.sha256(json.dumps(before, sort_keys=True).encode()).hexdigest()[:16]
    asked = renewed["simulation"]
    after = {
        "version": 2, "settings": asked, "properties": sorted(identity["properties"]),
        **({"optics": renewed["optics"]} if "optics" in renewed else {}),
    }  # fmt: skip
    new = settings_digest_of(after)
    own = (_EVALUATION.c.campaign_id == campaign) & (_EVALUATION.c.settings_digest == old)
    name = f"md-{asked['preset']}"
    fidelity = fidelity_of(asked, {"preset": asked["preset"], **PRESETS[asked["preset"]]})
    if fidelity != name:
        measured = _MEASUREMENT.c.evaluation_id.in_(sa.select(_EVALUATION.c.id).where(own))
        connection.execute(
            sa.update(_MEASUREMENT).where(measured, _MEASUREMENT.c.fidelity == name).values(fidelity=fidelity)
        )
    connection.execute(sa.update(_EVALUATION).where(own).values(settings_digest=new))
    mine = (_CLAIM.c.campaign_id == campaign) & (_CLAIM.c.settings_digest == old)
    connection.execute(sa.update(_CLAIM).where(mine).values(settings_digest=new))
