"""The connection to a Dask scheduler, renewed when it is lost."""

import time
from collections.abc import Callable
from contextlib import suppress

import distributed

from designer.cluster.base import Message, Noted
from designer.errors import ClusterLost

SILENCE_S = 15.0
"""Time in s without an answer of the scheduler after which a new connection is tried."""


class Connection:
    """A client of a scheduler, replaced by a new one when the scheduler comes back.

    Args:
        client: The first client.
        patience_s: Time in s to wait for a scheduler that does not answer.
        connect: Makes a new client; without it, the old one is waited for.
        renewed: Called when a new client has replaced a lost one.

    Attributes:
        client: The present client.
    """

    def __init__(
        self,
        client: distributed.Client,
        patience_s: float,
        connect: Callable[[], distributed.Client] | None,
        renewed: Callable[[], None],
    ) -> None:
        self.client = client
        self._patience_s, self._connect, self._renewed = patience_s, connect, renewed
        self._lost_since: float | None = None

    @property
    def running(self) -> bool:
        """Return whether the scheduler answers."""
        return bool(self.client.status == "running")

    def answers_again(self) -> list[Message]:
        """Return messages for the user after the scheduler has answered."""
        if self._lost_since is None:
            return []
        self._lost_since = None
        return [Noted("the scheduler answers again")]

    def restore(self) -> list[Message]:
        """Try once to reconnect; returns messages for the user.

        Raises:
            ClusterLost: The scheduler has not answered for longer than `patience_s`.
        """
        now, heard = time.monotonic(), list[Message]()
        if self._lost_since is None:
            self._lost_since = now
            heard.append(Noted(f"the scheduler does not answer; waiting up to {self._patience_s / 60:.0f} min for it"))
        if now - self._lost_since > self._patience_s:
            raise ClusterLost(
                f"the scheduler has not answered for {now - self._lost_since:.0f} s; start it, then restart the campaign"
            )
        if self._connect is not None and (self.client.status == "closed" or now - self._lost_since > SILENCE_S):
            try:
                client = self._connect()
            except (OSError, TimeoutError):
                time.sleep(1.0)
                return heard
            with suppress(Exception):  # the old connection is dead already
                self.client.close(timeout=1)
            self.client = client
            self._renewed()
        else:
            time.sleep(0.2)
        return heard
