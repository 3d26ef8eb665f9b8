"""Pages of other sites, open in the same browser, try to open a websocket to the campaign page and to Dask's own pages."""

import asyncio
import re
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from cluster_trials import closing
from page_sockets import answer, status_under

from designer.cluster.local import start_local
from designer.config.cluster import LocalClusterSettings
from designer.dashboard.attach import AttachedPage
from designer.dashboard.server import PageServer
from designer.dashboard.view import View
from designer.dashboard.watcher import Watcher
from designer.origins import own_origins
from surrogates import Objective

pytestmark = pytest.mark.seconds(30)

FOREIGN = (
    "http://evil.example.org",
    "http://127.0.0.1.evil.example.org:{port}",
    "http://localhost:1",
    "https://localhost",
    "null",
)
OWN = ("http://localhost:{port}", "http://127.0.0.1:{port}")


def check(page: str) -> None:
    port = re.search(r":(\d+)/", page).group(1)  # type: ignore[union-attr]
    assert {origin: answer(page, origin.format(port=port)) for origin in OWN} == dict.fromkeys(OWN, 101)
    assert {origin: answer(page, origin.format(port=port)) for origin in FOREIGN} == dict.fromkeys(FOREIGN, 403)


def check_names(page: str) -> None:
    """A name that its owner let lead to this machine (DNS rebinding) shows nothing, whatever the port."""
    port = re.search(r":(\d+)/", page).group(1)  # type: ignore[union-attr]
    own = (
        "127.0.0.1:{port}",
        "localhost:{port}",
        "localhost:9000",
        "10.0.0.5:{port}",
        "[::1]:{port}",
        "LOCALHOST.:{port}",
    )
    foreign = (
        "evil.example.org:{port}",
        "evil.example.org",
        "127.0.0.1.evil.example.org:{port}",
        "localhost.evil.example.org",
    )
    assert {name: status_under(page, name.format(port=port)) for name in own} == dict.fromkeys(own, 200)
    assert {name: status_under(page, name.format(port=port)) for name in foreign} == dict.fromkeys(foreign, 403)


def watcher() -> Watcher:
    return Watcher(lambda: View("watched", (Objective("density"),), "running"), 0.2)


@pytest.mark.slow
def test_pages_of_a_campaigns_scheduler_talk_to_their_own_only() -> None:
    with (
        closing(start_local(LocalClusterSettings(dashboard_port=0))) as cluster,
        closing(AttachedPage(cluster.client, watcher())) as attached,
    ):
        campaign = attached.url
        assert campaign.endswith("/campaign")
        check(campaign)
        for name in ("status", "info/main/workers.html", "individual-progress"):
            page = campaign.removesuffix("campaign") + name
            if "html" not in name:
                check(page)
            assert status_under(page, "evil.example.org") == 403
        check_names(campaign)
        check_names(campaign.removesuffix("campaign") + "json/identity.json")
        # Nothing that acts, and no way on to other servers, can be reached through the dashboard.
        for name in ("api/v1/retire_workers", "proxy/80/127.0.0.1/x"):
            with pytest.raises(urllib.error.HTTPError, match="404") as refusal:
                urllib.request.urlopen(campaign.removesuffix("campaign") + name, timeout=30)
            refusal.value.close()


@pytest.fixture
def alone() -> Iterator[str]:
    """The stand-alone page, in an event loop of its own."""
    ready, loops, urls = threading.Event(), [], []

    def serve() -> None:
        async def main() -> None:
            server = PageServer(watcher())
            server.start()
            end = asyncio.Event()
            loops.append((asyncio.get_running_loop(), end))
            urls.append(server.url)
            ready.set()
            await end.wait()
            server.stop()

        asyncio.run(main())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert ready.wait(30)
    yield urls[0]
    loop, end = loops[0]
    loop.call_soon_threadsafe(end.set)
    thread.join(30)


def test_the_page_alone_talks_to_its_own_only(alone: str) -> None:
    check(alone)
    check_names(alone)


def test_further_names_are_those_that_the_owner_chose(alone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    port = re.search(r":(\d+)/", alone).group(1)  # type: ignore[union-attr]
    monkeypatch.setenv("BOKEH_ALLOW_WS_ORIGIN", f"hub.example.org:8443,127.0.0.1:{port}")
    assert status_under(alone, "hub.example.org") == 200
    assert status_under(alone, "evil.example.org") == 403
    assert answer(alone, "https://hub.example.org:8443") == 101


def test_origins_are_the_names_of_the_machine() -> None:
    assert own_origins("127.0.0.1", 80) == ["127.0.0.1:80", "localhost:80"]
    assert own_origins("ADA.example.org", 5) == ["127.0.0.1:5", "localhost:5", "ada.example.org:5"]
    everywhere = own_origins("0.0.0.0", 7)
    assert {"127.0.0.1:7", "localhost:7", f"{socket.gethostname().lower()}:7"} <= set(everywhere)
    assert not any("*" in origin for origin in everywhere)
