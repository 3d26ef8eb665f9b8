"""Exclusive ownership of a campaign by one process, recorded with host, process and heartbeat.

On the same host, a dead owner is recognised immediately by its process id and start time; on another host, by a stopped heartbeat. Since
clocks differ and may jump, an old heartbeat is observed for a while, and counts as stopped only if it does not change. Thus a killed
campaign can be taken over, and a running one cannot.
"""

import os
import socket
import threading
import time
import uuid
from types import TracebackType

import psutil
from sqlalchemy import update
from sqlalchemy.orm import Session

from designer.errors import CampaignBusy, StoreLocked
from designer.store.engine import settle_engine
from designer.store.liveness import HEARTBEAT_S, owner_alive
from designer.store.orm import CampaignRow
from designer.store.store import CampaignStore

WATCH_S = 3 * HEARTBEAT_S

_GIVEN_UP: set[str] = set()
"""Tokens of runs of this process that ended while the store was not writable and may still be recorded as owners."""


class Ownership:
    """Owns a campaign while the block runs; the heartbeat runs in a separate thread, so that long computations do not stop it.

    Raises:
        CampaignBusy: Another process runs the campaign.
    """

    def __init__(self, store: CampaignStore, heartbeat_s: float = HEARTBEAT_S) -> None:
        self._store = store
        self._heartbeat_s = heartbeat_s
        self._token = uuid.uuid4().hex
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="campaign heartbeat", daemon=True)
        self._counted = time.monotonic()
        self.lost = threading.Event()

    @property
    def token(self) -> str:
        """Return the token of this run, unique for each start."""
        return self._token

    def __enter__(self) -> "Ownership":
        silent_since = self._watch()
        with self._store.transaction() as session:
            row = session.get_one(CampaignRow, self._store.campaign_id, with_for_update=True)
            held = row.owner is not None and row.owner not in _GIVEN_UP
            if held and (_alive(row) or row.beats != silent_since):
                raise CampaignBusy(
                    f"campaign {row.name!r} is running in process {row.owner_pid} on {row.owner_host}; wait, "
                    "or stop that process first"
                )
            row.owner, row.owner_host, row.owner_pid = self._token, socket.gethostname(), os.getpid()
            row.owner_started_at = psutil.Process().create_time()
            row.heartbeat_at = time.time()
        # A copy of the file alone then shows that the campaign was running.
        settle_engine(self._store.engine)
        self._thread.start()
        return self

    def _watch(self) -> int | None:
        """Observe an owner on another host that seems dead; return the number of its last heartbeat.

        Without such an owner, the present number is returned at once; None means that the heartbeat continued.
        """
        with Session(self._store.engine) as session:
            row = session.get_one(CampaignRow, self._store.campaign_id)
        if row.owner is None or row.owner_host == socket.gethostname() or _alive(row):
            return row.beats
        time.sleep(WATCH_S)
        with Session(self._store.engine) as session:
            again = session.get_one(CampaignRow, self._store.campaign_id)
        return row.beats if again.beats == row.beats else None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        try:
            self._write(release=True)
        except StoreLocked:
            # A full disk must not make a finished campaign fail.
            _GIVEN_UP.add(self._token)

    def _beat(self) -> None:
        while not self._stop.wait(self._heartbeat_s):
            try:
                self._write(release=False)
            except StoreLocked:
                # The next heartbeat follows in seconds; another host takes over only after minutes.
                continue

    def _write(self, *, release: bool) -> None:
        now = time.monotonic()
        values = {
            "heartbeat_at": time.time(),
            "beats": CampaignRow.beats + 1,
            "elapsed_s": CampaignRow.elapsed_s + (now - self._counted),
        }
        if release:
            values |= {"owner": None, "owner_host": None, "owner_pid": None, "owner_started_at": None}
        mine = (CampaignRow.id == self._store.campaign_id, CampaignRow.owner == self._token)
        with self._store.transaction() as session:
            result = session.execute(update(CampaignRow).where(*mine).values(values))
        if getattr(result, "rowcount", 0) == 0:
            self.lost.set()
        self._counted = now


def _alive(row: CampaignRow) -> bool:
    return owner_alive(row.owner_host, row.owner_pid, row.owner_started_at, row.heartbeat_at)


def is_running(store: CampaignStore) -> bool:
    """Return whether a process is running the campaign."""
    with Session(store.engine) as session:
        row = session.get_one(CampaignRow, store.campaign_id)
        return row.owner is not None and _alive(row)
