"""From what a user calls a campaign to its store."""

from pathlib import Path

from designer.config import CampaignConfig, load_config
from designer.store import CampaignStore, open_store
from designer.store.url import normalise_url


def locate_store(text: str) -> str:
    """Return the URL of the store behind a path, URL, folder or YAML file, whether or not it exists."""
    path = Path(text)
    if path.suffix in (".yaml", ".yml"):
        return load_config(path).store_url()
    return normalise_url(str(path / "store.sqlite") if path.is_dir() else text)


def find_campaign(text: str, name: str | None) -> tuple[CampaignStore, CampaignConfig]:
    """Open the campaign behind a store, a folder or a YAML file.

    Raises:
        DesignerError: There is none.
    """
    path = Path(text)
    if path.suffix in (".yaml", ".yml"):
        config = load_config(path)
        url, name = config.store_url(), name or config.name
    else:
        url = normalise_url(str(path / "store.sqlite") if path.is_dir() else text)
    engine = open_store(url)
    store = CampaignStore.find(engine, name)
    return store, CampaignConfig.model_validate(store.campaign().config)
