"""The campaign page on a separate server, from the store."""

import socket
from collections.abc import Callable
from typing import Any

from designer.dashboard.page import campaign_page
from designer.dashboard.watcher import Watched
from designer.errors import InvalidRequest, MissingPart
from designer.origins import LOOPBACK, own_origins, refuse_foreign_hosts

PATH = "/campaign"


class PageServer:
    """Serves the campaign page until it is stopped.

    Args:
        watched: Source of the views.
        host: Interface to listen on.
        port: Port to listen on; zero for a free one.

    Raises:
        InvalidRequest: The interface does not exist.
        MissingPart: The port is in use.
    """

    def __init__(self, watched: Watched, host: str = LOOPBACK, port: int = 0) -> None:
        from bokeh.server.server import Server

        try:
            socket.getaddrinfo(host, port)
        except OSError as error:
            raise InvalidRequest(f"--host {host!r} is not an address of this machine; use {LOOPBACK}") from error
        port = _checked(host, port)
        page: Callable[[Any], None] = lambda document: campaign_page(document, watched)  # noqa: E731
        origins = own_origins(host, port)
        self._server = Server(
            {PATH: page}, address=host, port=port, allow_websocket_origin=origins, use_index=True,
            check_unused_sessions_milliseconds=2000, unused_session_lifetime_milliseconds=10_000,
        )  # fmt: skip
        refuse_foreign_hosts(self._server._tornado, origins)
        self.url = f"http://{host}:{port}{PATH}"

    def run(self) -> None:
        """Serve until interrupted."""
        self._server.run_until_shutdown()

    def start(self) -> None:
        """Serve in the present event loop."""
        self._server.start()

    def stop(self) -> None:
        """Close every session."""
        self._server.stop()


def _checked(host: str, port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise MissingPart(
                f"cannot listen on port {port} of {host} ({error.strerror}); choose another --port, or 0 for a free one"
            ) from error
        return int(probe.getsockname()[1])
