"""From what a user calls a campaign to its store."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from designer.config import CampaignConfig, load_config
from designer.store import CampaignStore, open_store
from designer.store.url import StoreURL

YAML = (".yaml", ".yml")


def is_config(text: str) -> bool:
    """Tell whether a user means a YAML file, and not a store or a folder."""
    return "://" not in text and Path(text).suffix in YAML


def locate_store(text: str) -> StoreURL:
    """Return the address of the store behind a path, URL, folder or YAML file, whether or not it exists."""
    if is_config(text):
        return load_config(text).store_url()
    url = StoreURL.parse(text)
    return StoreURL.of_path(url.path / "store.sqlite") if url.path is not None and url.path.is_dir() else url


@contextmanager
def opened_campaign(text: str, name: str | None) -> Iterator[tuple[CampaignStore, CampaignConfig]]:
    """Yield what `find_campaign` finds, to read it, and close the store."""
    store, config = find_campaign(text, name)
    with store:
        yield store, config


def find_campaign(text: str, name: str | None, *, wait_s: float | None = None) -> tuple[CampaignStore, CampaignConfig]:
    """Open the campaign behind a store, a folder or a YAML file.

    Args:
        text: What the user wrote.
        name: Which campaign, where the store holds several.
        wait_s: How long a lock is waited for, as of `open_store`.

    Raises:
        DesignerError: There is none.
    """
    if is_config(text) and name is None:
        name = load_config(text).name
    url = locate_store(text)
    engine = open_store(url, wait_s=wait_s)
    try:
        store = CampaignStore.find(engine, name)
        # The stored configuration lacks the password, and the file may have been moved since.
        config = CampaignConfig.model_validate(store.campaign().config).model_copy(update={"store": url})
        return store, config
    except BaseException:
        engine.dispose()
        raise
