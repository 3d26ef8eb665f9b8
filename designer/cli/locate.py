"""Locating the store of a campaign."""

import shlex
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from designer.config import CampaignConfig, load_config, stored_config
from designer.store import CampaignStore, open_store
from designer.store.ownership import is_running
from designer.store.wal import has_log, log_bytes
from designer.store_url import StoreURL

_OPEN: Counter[Path | None] = Counter()
"""Number of times that this process has each store open for reading."""
YAML = (".yaml", ".yml")


def is_config(text: str) -> bool:
    """Return whether an argument is a YAML file, not a store or a folder."""
    return "://" not in text and Path(text).suffix in YAML


def locate_store(text: str) -> StoreURL:
    """Return the address of the store for a path, URL, folder or YAML file, whether or not it exists."""
    if is_config(text):
        return load_config(text).store_url()
    url = StoreURL.parse(text)
    return StoreURL.of_path(url.path / "store.sqlite") if url.path is not None and url.path.is_dir() else url


def shown_address(text: str) -> str:
    """Return the user's address of a store without its password."""
    return text if is_config(text) else str(StoreURL.parse(text))


@contextmanager
def opened_campaign(text: str, name: str | None) -> Iterator[tuple[CampaignStore, CampaignConfig]]:
    """Yield the result of `find_campaign` for reading, and close the store; a warning is printed if its file is incomplete."""
    path = locate_store(text).path
    own = None if path is None else path.absolute()
    had_log, bytes_before = has_log(path), log_bytes(path)
    store, config = find_campaign(text, name)
    _OPEN[own] += 1
    with ExitStack() as after:
        after.callback(_OPEN.subtract, [own])
        after.enter_context(store)
        if path is not None and not had_log and _was_running(store):
            _note(
                f"{path} was copied while campaign {config.name!r} was running, without its write-ahead log {path.name}-wal: results "
                f"are missing. Copy a store in use with `designer backup STORE OUT`"
            )
        yield store, config
    if _OPEN[own]:
        return  # the last one to close it reports
    if has_log(path):
        size = log_bytes(path)
        held = (
            f": {size / 1000:.0f} kB of it are in its write-ahead log {path}-wal, which a copy of the file alone lacks"
            if size
            else ""
        )
        _note(f"{path} is in use{held}. Copy a store in use with `designer backup {shlex.quote(text)} OUT`")
    elif bytes_before:
        _note(f"a program that wrote {path} was killed; its write-ahead log has been merged into the file")


def _was_running(store: CampaignStore) -> bool:
    """Return whether a file without a write-ahead log was copied from a running campaign, which keeps a log."""
    owned = store.campaign().owner_host is not None
    return owned and (is_running(store) or not any(store.counts().values()))


def _note(text: str) -> None:
    sys.stderr.write(f"note: {text}\n")


def find_campaign(text: str, name: str | None, *, wait_s: float | None = None) -> tuple[CampaignStore, CampaignConfig]:
    """Open the campaign of a store, a folder or a YAML file.

    Args:
        text: The argument.
        name: Which campaign, if the store has several.
        wait_s: Timeout in s for locks, see `open_store`.

    Raises:
        DesignerError: It does not exist.
    """
    if is_config(text) and name is None:
        name = load_config(text).name
    url = locate_store(text)
    engine = open_store(url, wait_s=wait_s)
    try:
        store = CampaignStore.find(engine, name)
        # The stored configuration lacks the password, and the file may have been moved.
        campaign = store.campaign()
        config = stored_config(campaign.config, f"configuration of campaign {campaign.name!r} in {str(url)!r}")
        return store, config.model_copy(update={"store": url, "folder": _folder_of(config, url)})
    except BaseException:
        engine.dispose()
        raise


def _folder_of(stored: CampaignConfig, url: StoreURL) -> str | None:
    """Return the campaign's folder: that of its store if the evaluations are there, else the configured one."""
    if stored.store is not None or url.path is None or not (url.path.parent / "evaluations").is_dir():
        return stored.folder
    return str(url.path.parent)
