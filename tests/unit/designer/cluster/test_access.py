"""Settings and certificates that decide who may connect to a cluster."""

import contextlib
import os
import ssl
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from designer.cluster.certificates import in_files, make_certificates
from designer.config import config_from_mapping
from designer.errors import InvalidConfig

BASE = {"name": "a", "objectives": [{"property": "density"}], "stop": {"evaluations": 1}}


def cluster(text: str) -> Any:
    return config_from_mapping({**BASE, "cluster": yaml.safe_load(text)}).cluster


@pytest.mark.parametrize(
    ("text", "tls"),
    [
        ("{kind: local}", "temporary"),
        ("{kind: local, tls: null}", "temporary"),  # how earlier versions stored the default
        ("{kind: local, tls: off}", "off"),  # YAML reads a boolean
        ("{kind: local, tls: 'off'}", "off"),
        ("{kind: local_cuda}", "temporary"),
        ("{kind: slurm, listen: 10.0.0.5}", "temporary"),
        ("{kind: ssh, listen: head.example.org, hosts: [{host: a, simulations: 1}]}", "temporary"),
        ("{kind: slurm, listen: 127.0.0.1, tls: off}", "off"),
        ("{kind: pbs, listen: localhost, tls: off}", "off"),
        ("{kind: lsf, listen: '::1', tls: off}", "off"),
        ("{kind: slurm, listen: 10.0.0.5, tls: off, listen_without_tls: true}", "off"),
    ],
)
def test_connections_are_protected_unless_that_is_switched_off(text: str, tls: str) -> None:
    assert cluster(text).tls == tls


@pytest.mark.parametrize("kind", ["slurm", "pbs", "lsf", "ssh"])
@pytest.mark.parametrize("listen", ["10.0.0.5", "0.0.0.0", "head.example.org", "::", "127.0.0.1.example.org"])
def test_other_machines_are_let_in_without_certificates_only_if_that_is_said_twice(kind: str, listen: str) -> None:
    hosts = ", hosts: [{host: a, simulations: 1}]" if kind == "ssh" else ""
    with pytest.raises(InvalidConfig) as refusal:
        cluster(f"{{kind: {kind}, listen: '{listen}', tls: off{hosts}}}")
    said = str(refusal.value)
    assert f"listen '{listen}' with tls off allows everybody who can reach that address to run programs as you" in said
    assert "confirm it with `listen_without_tls: true`" in said
    assert "\n" not in said


def test_other_words_for_tls_are_refused_in_one_line() -> None:
    for word in ("none", "true", "3"):
        with pytest.raises(InvalidConfig, match=r"cluster\.tls") as refusal:
            cluster(f"{{kind: local, tls: {word}}}")
        assert "\n" not in str(refusal.value)
    key = str(Path(__file__))
    with pytest.raises(InvalidConfig, match=r"does not use TLS; write tls://"):
        cluster(f"{{kind: address, address: 'tcp://a:1', tls: {{ca: {key}, cert: {key}, key: {key}}}}}")


def test_an_address_that_asks_for_certificates_needs_some() -> None:
    from designer.cluster.address import start_address

    with pytest.raises(InvalidConfig, match="needs certificates; set ca, cert and key"):
        start_address(cluster("{kind: address, address: 'tls://127.0.0.1:9'}"))


def test_certificates_of_two_runs_do_not_know_each_other_and_bear_slow_clocks(tmp_path: Path) -> None:
    from cryptography import x509

    ours, others = make_certificates(), make_certificates()
    now = datetime.now(UTC)
    for text in (ours.ca, ours.cert):
        certificate = x509.load_pem_x509_certificate(text.encode())
        assert certificate.not_valid_before_utc <= now - timedelta(hours=23)
        assert certificate.not_valid_after_utc >= now + timedelta(days=365)
    x509.load_pem_x509_certificate(ours.cert.encode()).verify_directly_issued_by(
        x509.load_pem_x509_certificate(ours.ca.encode())
    )
    assert "PRIVATE" not in repr(ours)

    def handshake(client: Any, server: Any) -> None:
        """Speak TLS in memory; raises what either side refuses."""
        a, b = ssl.MemoryBIO(), ssl.MemoryBIO()
        contexts = [
            c.security().get_connection_args("client")["ssl_context"] if side else
            c.security().get_listen_args("scheduler")["ssl_context"]
            for side, c in ((1, client), (0, server))
        ]  # fmt: skip
        # The strict rules of newer versions of Python hold for our certificates, too.
        for context in contexts:
            context.verify_flags |= ssl.VERIFY_X509_STRICT
        sides = [
            contexts[0].wrap_bio(a, b, server_side=False),
            contexts[1].wrap_bio(b, a, server_side=True),
        ]
        for _ in range(6):
            for side in sides:
                with contextlib.suppress(ssl.SSLWantReadError):
                    side.do_handshake()

    handshake(ours, ours)
    for client, server in ((others, ours), (ours, others)):
        with pytest.raises(ssl.SSLError, match=r"verify failed|unknown ca"):
            handshake(client, server)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody may read, as a campaign's folder often is."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_key_files_are_private_and_gone_afterwards(public: Path) -> None:
    with in_files(make_certificates(), public) as files:
        key = Path(files.key)
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
        assert key.parent.parent == public
        files.security().get_connection_args("worker")  # Dask can read them
        if os.getuid() == 0:
            nobody: dict[str, Any] = {"user": 65534, "group": 65534, "extra_groups": [], "capture_output": True}
            for command in (["ls", "-d", public], ["ls", key.parent], ["cat", key], ["cat", files.cert]):
                done = subprocess.run(command, text=True, cwd="/", check=False, **nobody)
                # The control: the folder around it can be read.
                assert (done.returncode == 0) is (command[1] == "-d")
                assert ("Permission denied" in done.stderr) is (command[1] != "-d")
    assert list(public.iterdir()) == []


HOLD = """
import os, signal, sys
from pathlib import Path
from designer.cluster.certificates import in_files, make_certificates
with in_files(make_certificates(), Path(sys.argv[1])):
    if len(sys.argv) > 2:
        os.kill(os.getpid(), signal.SIGKILL)
    print("held", flush=True)
    sys.stdin.read()
"""


def test_keys_of_a_killed_run_are_removed_by_the_next_and_those_of_a_living_one_are_not(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    assert subprocess.run([*command, "die"], check=False).returncode == -9
    (killed,) = tmp_path.iterdir()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as living:
        assert living.stdout is not None
        assert living.stdout.readline() == b"held\n"
        (alive,) = tmp_path.iterdir()
        assert alive != killed
        with in_files(make_certificates(), tmp_path) as files:
            assert Path(files.key).exists()
            assert alive.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_does_not_keep_files_private_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = tempfile.TemporaryDirectory

    def careless(**how: Any) -> Any:
        made = real(**how)
        Path(made.name).chmod(0o755)  # as a file system without permissions shows every folder
        return made

    monkeypatch.setattr(tempfile, "TemporaryDirectory", careless)
    private = pytest.raises(
        InvalidConfig, match=r"are readable by other users.*set cluster\.tls_folder to a folder on another"
    )
    with private, in_files(make_certificates(), tmp_path):
        raise AssertionError
    (tmp_path / "file").touch()
    written = pytest.raises(InvalidConfig, match=r"cannot be written to .*; set cluster\.tls_folder")
    with written, in_files(make_certificates(), tmp_path / "file" / "folder"):
        raise AssertionError
