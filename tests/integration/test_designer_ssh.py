"""Campaigns of real, tiny molecular dynamics on workers that a real sshd of this machine starts; see `schedulers`."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from schedulers import SSH_PROGRAMS, SSHServer, serving, until

from designer.campaign.campaign import Campaign
from designer.errors import ClusterLost

pytestmark = [pytest.mark.seconds(30), pytest.mark.slow, pytest.mark.ssh]

CONFIG = """
name: remote
seed: 11
folder: {folder}/run
objectives: [{{property: density}}]
corpus: {{reactions: false}}
generator: {{order: 4, pool: 8, smc: {{particles: 16, max_top_up: 5}}}}
constraints: {{max_heavy_atoms: 8, elements: [H, C, O]}}
initial: {{kind: list, psmiles: ['*CC*', '*CCO*']}}
simulation:
  cell: {{n_chains: 3, atoms_per_chain: 60}}
  force_field: {{cutoff_nm: 0.45, switch_width_nm: 0.05, ewald_tolerance: 9.0e-3}}
  protocol: {{compress_ps: 2, melt_ps: 3, cool_ps: 3, settle_ps: 2, sample_ps: 4, record_interval_ps: 0.1}}
  execution: {{platform: CPU, checkpoint_interval_s: 0.5}}
cluster:
  kind: ssh
  listen: 127.0.0.1
  dashboard_port: 0
  known_hosts: {known_hosts}
  identity: {identity}
  simulations_per_gpu: 2
  hosts: [{{host: 127.0.0.1, port: {port}, gpus: [3], cpu_workers: 1}}]
stop: {{evaluations: 2, failures_in_a_row: 1}}
"""


@pytest.fixture(scope="module")
def ssh_server() -> Iterator[SSHServer]:
    with serving(SSHServer, SSH_PROGRAMS, "openssh-server") as server:
        assert isinstance(server, SSHServer)
        yield server


@pytest.fixture
def ssh(ssh_server: SSHServer) -> Iterator[SSHServer]:
    """The server, with nobody's processes before and after."""
    assert ssh_server.remote() == []
    yield ssh_server
    for process in ssh_server.remote():
        process.kill()
    psutil.wait_procs(ssh_server.remote(), timeout=10)


def written(ssh: SSHServer, folder: Path, identity: Path | None = None) -> Path:
    path = folder / "remote.yaml"
    path.write_text(
        CONFIG.format(folder=folder, known_hosts=ssh.known_hosts, identity=identity or ssh.identity, port=ssh.port)
    )
    return path


def test_a_campaign_runs_on_workers_that_ssh_starts_and_leaves_none(ssh: SSHServer, tmp_path: Path) -> None:
    campaign = Campaign.from_yaml(written(ssh, tmp_path))
    assert campaign.run() == "2 of 2 evaluations are finished"
    until(lambda: ssh.remote() == [], "every process on the other machine has ended", 20)
    assert [record.state for record in campaign.store.evaluations()] == ["done"] * 2
    for record in campaign.store.evaluations():
        text = (tmp_path / "run" / record.folder / "attempts.jsonl").read_text()
        assert (text.count('"started"'), text.count('"part"'), text.count('"done"')) == (3, 2, 1)


def test_a_key_that_is_refused_is_one_line_and_leaves_nothing(ssh: SSHServer, tmp_path: Path) -> None:
    campaign = Campaign.from_yaml(written(ssh, tmp_path, ssh.stranger))
    with pytest.raises(
        ClusterLost, match=r"not every worker on 127\.0\.0\.1 started \(.*[Pp]ermission denied"
    ) as caught:
        campaign.run()
    assert "\n" not in str(caught.value)
    assert ssh.remote() == []
    assert campaign.store.evaluations() == ()
