"""Allowed origins of websockets and host names of our web pages: those of the machine that serves them."""

import ipaddress
import socket
from collections.abc import Iterable
from typing import Any

LOOPBACK = "127.0.0.1"
EVERY_INTERFACE = ("0.0.0.0", "")
SETTING = "distributed.scheduler.dashboard.bokeh-application.allow_websocket_origin"
"""Key of Dask's configuration for the origins of its dashboard."""
NOT_CHOSEN = ["*"]
"""Dask's default, which allows every origin."""


def own_origins(host: str, port: int) -> list[str]:
    """Return the origins of pages that a server serves itself, as `name:port`.

    Otherwise a page of another site in the same browser could read and control this one. Names of a server behind a proxy or a
    forwarded port can be added with the variable `BOKEH_ALLOW_WS_ORIGIN`.

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


def refuse_foreign_hosts(application: Any, origins: Iterable[str]) -> None:
    """Make a Tornado application answer requests to other host names with status 403.

    This prevents DNS rebinding, in which the owner of a domain points its name to this machine so that a page of that domain can read
    ours. Numeric addresses and `localhost` are accepted with any port, since a tunnel may use another one.

    Args:
        application: The application.
        origins: Names of the machine, see `own_origins`; those in the variable `BOKEH_ALLOW_WS_ORIGIN` are added.
    """
    from bokeh.settings import settings
    from tornado.web import ErrorHandler, RequestHandler

    class Refused(RequestHandler):
        def prepare(self) -> None:
            self.set_status(403)
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.finish("Unknown host name; add it as NAME:PORT to the variable BOKEH_ALLOW_WS_ORIGIN.\n")

    find = application.find_handler
    own = [_host(origin) for origin in origins]

    def guarded(request: Any, **options: Any) -> Any:
        found = find(request, **options)
        if found is None or issubclass(found.handler_class, ErrorHandler):
            return found
        name = _host(request.host)
        if _is_address(name) or name in [*own, "*", *map(_host, settings.allowed_ws_origin())]:
            return found
        return application.get_handler_delegate(request, Refused)

    application.find_handler = guarded


def _host(origin: str) -> str:
    """Return the name in `name:port`, without the brackets of IPv6."""
    name = origin.rpartition("]")[0] if origin.startswith("[") else origin.partition(":")[0]
    return name.removeprefix("[").lower().removesuffix(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _addresses() -> list[str]:
    import psutil

    return [
        address.address
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family == socket.AF_INET
    ]
