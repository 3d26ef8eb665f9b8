"""The campaign page in a scheduler of its own process: views travel there while somebody looks, and only then."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import distributed
import pytest
from bokeh.client import pull_session
from page_sockets import answer

from designer.dashboard.attach import AttachedPage
from designer.dashboard.view import View
from designer.dashboard.watcher import Watcher
from surrogates import Objective

pytestmark = pytest.mark.seconds(30)


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    contact = tmp_path / "scheduler.json"
    command = [
        sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
        "--dashboard-address", "127.0.0.1:0", "--scheduler-file", str(contact),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 60
            while not contact.exists() or not contact.read_text():
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield json.loads(contact.read_text())["address"]
        finally:
            process.kill()


def seen(url: str) -> str:
    """Visit the page and return its head."""
    session = pull_session(url=url)
    try:
        return str(session.document.get_model_by_name("head").text)
    finally:
        session.close()


def wait_for(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.5)


@pytest.mark.slow
def test_a_scheduler_elsewhere_is_sent_views_while_somebody_looks(scheduler: str) -> None:
    made = 0

    def view() -> View:
        nonlocal made
        made += 1
        return View("far away", (Objective("density"),), "running", done=made)

    watcher = Watcher(view, interval_s=0.2)
    with distributed.Client(scheduler) as client:
        page = AttachedPage(client, watcher)
        try:
            assert page.url.endswith("/campaign")
            time.sleep(2.5)
            assert made == 0  # nobody looks
            wait_for(lambda: "far away" in seen(page.url))
            assert watcher.lookers == 1
            port = page.url.split(":")[2].split("/")[0]
            assert answer(page.url, f"http://localhost:{port}") == 101
            assert answer(page.url, "http://evil.example.org") == 403
            # The scheduler drops a closed session after a while, and reports no viewers.
            wait_for(lambda: watcher.lookers == 0, 90)
        finally:
            page.close()
        # Another campaign on the same scheduler takes over the address.
        second = AttachedPage(client, Watcher(lambda: View("the next", (Objective("density"),), "running"), 0.2))
        try:
            wait_for(lambda: "the next" in seen(second.url))
        finally:
            second.close()
