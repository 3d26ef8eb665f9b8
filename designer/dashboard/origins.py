"""Which web pages may open a websocket to ours: its own, by the names of the machine that serves it."""

import socket

LOOPBACK = "127.0.0.1"
EVERY_INTERFACE = ("0.0.0.0", "")
SETTING = "distributed.scheduler.dashboard.bokeh-application.allow_websocket_origin"
"""Where Dask keeps the same list for the pages of its dashboard."""
NOT_CHOSEN = ["*"]
"""Dask's default, which lets the pages of every site in."""


def own_origins(host: str, port: int) -> list[str]:
    """Return the origins of pages that a server serves itself, as `name:port`.

    The page of another site that a browser also shows would otherwise read this one and act in it. A server behind a proxy
    or a forwarded port is called by names that it cannot know; the variable `BOKEH_ALLOW_WS_ORIGIN` names them.

    Args:
        host: Interface that the server listens on.
        port: Its port.
    """
    names = [LOOPBACK, "localhost"]
    if host in EVERY_INTERFACE:
        names += [socket.gethostname(), socket.getfqdn(), *_addresses()]
    else:
        names.append(host)
    return [f"{name.lower()}:{port}" for name in dict.fromkeys(names)]


def _addresses() -> list[str]:
    import psutil

    return [
        address.address
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family == socket.AF_INET
    ]
