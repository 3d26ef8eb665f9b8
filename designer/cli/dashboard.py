"""`designer dashboard`."""

import logging
from typing import Annotated, TextIO

import typer

from designer.cli.checks import at_least
from designer.cli.locate import opened_campaign
from designer.cli.options import CampaignName, Json, StoreArgument
from designer.cli.output import answer_stream, write_json
from designer.config.cluster import is_loopback
from designer.errors import InvalidRequest


def dashboard_command(
    store: StoreArgument,
    name: CampaignName = None,
    host: Annotated[str, typer.Option(help="Interface to listen on; the loopback interface by default.")] = "127.0.0.1",
    without_tls: Annotated[
        bool,
        typer.Option("--without-tls", help="Confirm a --host that other machines can reach: the page has no password."),
    ] = False,
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for a free one.")] = 0,
    as_json: Json = False,
) -> int:
    """Serve the campaign page to a browser from the store."""
    with answer_stream() as stream:
        at_least("--port", port, 0)
        if port > 65535:
            raise InvalidRequest(f"--port must be at most 65535, got {port}")
        if not (without_tls or is_loopback(host)):
            raise InvalidRequest(
                f"--host {host!r} exposes the campaign to everybody who can reach that address, without encryption or password; "
                "omit it and forward the port with ssh -L, or confirm it with --without-tls"
            )
        with opened_campaign(store, name) as (opened, config):
            from designer.dashboard.gather import Gatherer
            from designer.dashboard.server import PageServer
            from designer.dashboard.watcher import Watcher

            for logger in ("bokeh", "tornado"):
                logging.getLogger(logger).setLevel(logging.CRITICAL)
            watcher = Watcher(Gatherer(opened, config).view)
            server = PageServer(watcher, host, port)
            _tell(stream, server.url, host, as_json=as_json)
            try:
                server.run()
            finally:
                watcher.close()
    return 0


def _tell(stream: TextIO, url: str, host: str, *, as_json: bool) -> None:
    private = is_loopback(host)
    if as_json:
        write_json(stream, {"url": url, "loopback": private})
    else:
        port = url.split(":")[2].split("/")[0]
        stream.write(f"Campaign page: {url}\n")
        if private:
            stream.write(
                "It listens on the loopback interface and is visible on this machine only. From another machine, run "
                f"ssh -L {port}:{host}:{port} THIS_MACHINE and open the address there. Stop with Ctrl-C.\n"
            )
        else:
            stream.write(
                f"It listens on {host}: everybody who can reach this machine can see it, without a password. Behind a proxy, "
                "add the name in its address to BOKEH_ALLOW_WS_ORIGIN. Stop with Ctrl-C.\n"
            )
    stream.flush()
