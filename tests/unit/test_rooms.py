"""The rooms of the house: no import circles, and reading a campaign file loads nothing that only running one needs."""

import subprocess
import sys
from pathlib import Path

import grimp
import networkx as nx

ROOT = Path(__file__).parents[2]
PACKAGES = ("designer", "generators", "mdcore", "surrogates")

# Whatever a module's name begins with: database, engines, numerics, plots, and the rooms that need them.
RUNS_ONLY = (
    "sqlalchemy", "alembic", "openmm", "openff", "torch", "gpytorch", "dask", "distributed", "pandas", "matplotlib", "bokeh",
    "scipy", "pyscf", "h5py",
    "designer.store.", "designer.campaign", "designer.analysis", "designer.cluster", "designer.dashboard", "designer.report",
    "surrogates.models", "surrogates.acquisition", "surrogates.features", "surrogates.kernels",
    "mdcore.forcefield", "mdcore.measure", "mdcore.estimate", "mdcore.dynamics", "mdcore.cell",
)  # fmt: skip


def circles(imports: nx.DiGraph) -> list[list[str]]:
    return [sorted(part) for part in nx.strongly_connected_components(imports) if len(part) > 1]


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports inside functions count, those for annotations alone do not."""
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)
    imports = nx.DiGraph((a, b) for a in graph.modules for b in graph.find_modules_directly_imported_by(a))
    assert imports.number_of_nodes() > 300
    assert circles(imports) == []
    assert circles(nx.DiGraph([*imports.edges, ("mdcore.chem.errors", "designer.campaign.loop")])) != []


def test_reading_a_campaign_file_loads_neither_the_store_nor_the_engines(tmp_path: Path) -> None:
    campaign = (ROOT / "configs" / "quickstart.yaml").read_text(encoding="utf-8")
    (tmp_path / "campaign.yaml").write_text(
        f"{campaign}\nstore: postgresql://ada:secret@host/db\n" if "\nstore:" not in campaign else campaign
    )
    code = (
        "import sys; from designer.config import load_config; config = load_config('campaign.yaml'); config.document(); "
        "config.identity(); print(config.store_url()); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    address, *loaded = done.stdout.split()
    assert address == "postgresql://ada:***@host/db"
    assert "designer.config.campaign" in loaded
    assert [name for name in loaded if name == "designer.store" or name.startswith(RUNS_ONLY)] == []
