"""The campaign page inside the dashboard of a Dask scheduler, in this process or on another machine."""

import threading
import uuid
from typing import Any

from designer.dashboard.view import View
from designer.dashboard.watcher import Watched, Watcher
from designer.origins import NOT_CHOSEN, SETTING, own_origins, refuse_foreign_hosts

PATH = "/campaign"
DASK_PAGES = ("status", "workers", "tasks", "system", "profile", "info")
PUSH_S = 1.0
"""Interval in s at which views are sent to a scheduler in another process while the page is open."""

_HERE: dict[str, Watched] = {}
"""Sources of views in this process by key; a scheduler in another process does not find its key."""
_THERE: dict[str, "Mailbox"] = {}
"""In the process of a remote scheduler: the views received from the campaign."""


class Mailbox:
    """The latest view that a campaign has sent to its scheduler."""

    def __init__(self) -> None:
        self.latest: View | None = None
        self.lookers = 0

    def join(self) -> None:
        """Register a viewer."""
        self.lookers += 1

    def leave(self) -> None:
        """Unregister a viewer."""
        self.lookers -= 1


class AttachedPage:
    """The campaign page in the dashboard of a scheduler.

    Args:
        client: Client of the scheduler.
        watcher: Source of the views.
    """

    def __init__(self, client: Any, watcher: Watcher) -> None:
        self._client, self._watcher = client, watcher
        self._key = uuid.uuid4().hex
        self._stop = threading.Event()
        self._pusher: threading.Thread | None = None
        _HERE[self._key] = watcher
        try:
            found_here = client.run_on_scheduler(install, key=self._key)
        except BaseException:
            del _HERE[self._key]
            raise
        if not found_here:
            self._pusher = threading.Thread(target=self._push, name="campaign page push", daemon=True)
            self._pusher.start()
        address = str(client.dashboard_link)
        self.url = address.removesuffix("/status") + PATH

    def close(self) -> None:
        """Stop updating the page, which the scheduler removes when it ends."""
        self._stop.set()
        if self._pusher is not None:
            self._pusher.join()
        self._watcher.close()
        _HERE.pop(self._key, None)

    def _push(self) -> None:
        looking = False
        while not self._stop.wait(PUSH_S):
            view = self._watcher.latest if looking else None
            try:
                lookers = self._client.run_on_scheduler(deliver, key=self._key, view=view)
            except (OSError, TimeoutError):
                # The scheduler does not answer; the campaign's loop handles this, and the page continues afterwards.
                continue
            if bool(lookers) != looking:
                looking = bool(lookers)
                (self._watcher.join if looking else self._watcher.leave)()


def install(key: str, dask_scheduler: Any = None) -> bool:
    """Add the page to a scheduler's dashboard; runs in the scheduler's event loop.

    A restarted campaign takes over the page of a scheduler that kept running.

    Returns:
        Whether the source of views is in this process.
    """
    import dask
    from distributed.dashboard.core import BokehApplication
    from tornado.ioloop import IOLoop

    from designer.dashboard.page import campaign_page

    here = key in _HERE
    if not here:
        _THERE[key] = Mailbox()
    source = _HERE[key] if here else _THERE[key]
    applications = dask_scheduler.http_application.applications
    prefix = next((app.prefix for app in applications if hasattr(app, "prefix")), "/")
    for old in [app for app in applications if getattr(app, "shows_campaign", False)]:
        applications.remove(old)
        old.stop()

    def page(scheduler: Any, extra: dict[str, Any], document: Any) -> None:
        campaign_page(document, source, DASK_PAGES)

    origins = _origins(dask_scheduler.http_server)
    with dask.config.set({SETTING: origins}):
        made = BokehApplication({PATH: page}, dask_scheduler, prefix=prefix)
    refuse_foreign_hosts(made, origins)
    made.shows_campaign = True
    dask_scheduler.http_application.add_application(made)
    made.initialize(IOLoop.current())
    made.start()
    return here


def _origins(server: Any) -> list[str]:
    """Return the origins configured for the dashboard of a scheduler, by default the names of its machine."""
    import dask

    chosen = dask.config.get(SETTING)
    return list(chosen) if chosen and chosen != NOT_CHOSEN else own_origins(server.address, server.port)


def deliver(key: str, view: View | None) -> int:
    """Deliver a view to the page; returns the number of viewers. Runs in the scheduler."""
    mailbox = _THERE.get(key)
    if mailbox is None:
        return 0
    if view is not None:
        mailbox.latest = view
    return mailbox.lookers
