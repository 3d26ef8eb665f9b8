"""What several tests need."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from long_first import long_first

# Two test processes with two threads each wait for each other on two cores: what is small takes several times as long.
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

SERVER_VARIABLE = "DESIGNER_TEST_POSTGRES"
"""Address of a running server, as .ci/run starts one; without it, one is started where PostgreSQL is installed."""
_NOBODY = "postgres", "nobody"


def pytest_configure() -> None:
    # A shell that runs the tests in the background lets them ignore Ctrl-C, which the programs that they start would inherit.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # After pytest-randomly, which shuffles the modules and the tests in each.
    def seconds(item: pytest.Item) -> float:
        marker = item.get_closest_marker("seconds")
        return float(marker.args[0]) if marker else 0.0

    items[:] = long_first(items, lambda item: item.path, seconds)


@dataclass
class PostgresServer:
    """A PostgreSQL server of our own on the loopback interface, in a temporary folder."""

    programs: Path
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://tester@127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [
            str(self.programs / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port),
            "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.folder}", "-c", "fsync=off",
        ]  # fmt: skip
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **_identity())
        deadline = time.monotonic() + 60
        ready = [str(self.programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready, check=False).returncode != 0:
            assert time.monotonic() < deadline, (self.folder / "server.log").read_text()
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop at once: connections break, as when its machine goes down."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(timeout=30)
            self.process = None


def _programs() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    return next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


def _identity() -> dict[str, str]:
    """Return whom to run the server as: it refuses to be root."""
    if os.getuid() != 0:
        return {}
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    return {"user": next(name for name in _NOBODY if name in known)}


def make_server() -> PostgresServer:
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed; apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="designer-postgres-"))
    if identity := _identity():
        shutil.chown(folder, identity["user"])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        str(programs / "initdb"),
        "-D",
        str(folder / "data"),
        "-U",
        "tester",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-sync",
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, **_identity())
    server = PostgresServer(programs, folder, port)
    server.start()
    return server


@pytest.fixture
def postgres_server() -> Iterator[PostgresServer]:
    """A server that the test may stop and start."""
    server = make_server()
    yield server
    server.stop()
    shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _shared_postgres() -> Iterator[str]:
    if url := os.environ.get(SERVER_VARIABLE):
        yield url.rstrip("/")
        return
    server = make_server()
    yield server.url
    server.stop()
    shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture
def postgres_url(_shared_postgres: str) -> Iterator[str]:
    """Address of an empty database of its own."""
    import psycopg

    name = f"designer_{os.getpid()}_{time.monotonic_ns()}"
    with psycopg.connect(f"{_shared_postgres}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield f"{_shared_postgres}/{name}"
    with psycopg.connect(f"{_shared_postgres}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
