"""What every kind of cluster does; a new entry of `CLUSTERS` is tested by itself and needs an example here.

The simulations are real; they measure a property that needs no dynamics.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Literal

import psutil
import pytest
from cluster_trials import finish, outcomes
from made_kinds import documented
from made_queue import queue
from schedulers import SSH_PROGRAMS, SSHServer, serving

from designer.cluster import Finished, Job
from designer.config import CampaignConfig
from designer.config.cluster import CLUSTERS, ClusterSettings, register_cluster
from designer.errors import InvalidRequest
from mdcore.chem import Failure
from mdcore.chem.errors import PluginError
from mdcore.measure import SimulationResult

pytestmark = [pytest.mark.seconds(40), pytest.mark.slow]
QUEUE = {"listen": "127.0.0.1", "gpus": False, "simulation": {"cores": 1, "memory": "1GB"}}


@contextmanager
def queued(kind: str, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    from designer.cluster import batch

    patch.setattr(batch, "TEND_S", 0.2)
    with queue(kind, folder, patch):
        yield QUEUE


@contextmanager
def by_ssh() -> Iterator[dict[str, Any]]:
    with serving(SSHServer, SSH_PROGRAMS, "openssh-server") as server:
        assert isinstance(server, SSHServer)
        yield {
            "listen": "127.0.0.1",
            "known_hosts": str(server.known_hosts),
            "identity": str(server.identity),
            "hosts": [{"host": "127.0.0.1", "port": server.port, "simulations": 1}],
        }


@contextmanager
def at_address() -> Iterator[dict[str, Any]]:
    import distributed

    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1", silence_logs=50
    ) as there:
        yield {"address": there.scheduler_address}


@contextmanager
def example(kind: str, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Yield settings of a kind, while all that it needs is there."""
    with ExitStack() as there:
        if kind in ("slurm", "pbs", "lsf"):
            own = there.enter_context(queued(kind, folder, patch))
        elif kind == "ssh":
            own = there.enter_context(by_ssh())
        elif kind == "address":
            own = there.enter_context(at_address())
        elif kind == "bounded":
            there.enter_context(documented(kind))
            own = {"memory": "4GB"}
        else:
            own = {"local": {}, "local_cuda": {"gpus": [0]}, "outside": {}}[kind]
        yield {"kind": kind, "dashboard_port": 0, **own}


def config(cluster: Any, folder: Path) -> CampaignConfig:
    document = {
        "name": "a",
        "objectives": [{"property": "sa_score"}],
        "stop": {"evaluations": 1},
        "folder": str(folder),
    }
    return CampaignConfig.model_validate({**document, "cluster": cluster})


def job(number: int, psmiles: str, about: CampaignConfig) -> Job:
    settings = about.simulation_settings().model_dump(mode="json")
    substance = {"kind": "homopolymer", "psmiles": psmiles}
    return Job(number, f"trial-{number}", substance, settings, 1, about.campaign_folder / str(number), ("sa_score",))


def processes() -> set[psutil.Process]:
    """Return the processes of this one, but for the one that Python keeps for the semaphores of `multiprocessing`."""
    found = psutil.Process().children(recursive=True)
    return {one for one in found if one.is_running() and not any("resource_tracker" in word for word in one.cmdline())}


def test_a_kind_is_taken_once_and_has_a_name() -> None:
    class Nameless(ClusterSettings):
        pass

    class Again(ClusterSettings):
        kind: Literal["local"] = "local"

    with pytest.raises(PluginError, match="Nameless has no kind; give it one"):
        register_cluster(Nameless)
    with pytest.raises(PluginError, match="'local' is already registered"):
        register_cluster(Again)


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[pytest.mark.ssh] if kind == "ssh" else []) for kind in (*CLUSTERS, "bounded")]
)
def test_it_runs_a_job_reports_a_failure_and_closes(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with example(kind, tmp_path, monkeypatch) as document:
        about = config(document, tmp_path / "run")
        assert config(about.document()["cluster"], tmp_path / "run") == about
        if about.measured_outside:
            with pytest.raises(InvalidRequest, match=f"{kind}' does not simulate; reserve candidates with"):
                about.cluster.start(about.campaign_folder)
            return
        before = processes()
        with closing(about.cluster.start(about.campaign_folder)) as cluster:
            assert cluster.slots >= 1
            assert cluster.dashboard is None or cluster.dashboard.startswith("http://127.0.0.1:")
            cluster.submit(job(1, "*CCO*", about))
            cluster.submit(job(2, "*[Si](C)(C)O[Sn](C)(C)O*", about))
            heard = finish(cluster, 2)
        found = {m.evaluation_id: result for m, result in zip(_finished(heard), outcomes(heard), strict=True)}
        assert isinstance(found[1], SimulationResult)
        (measured,) = found[1].measurements
        assert (measured.property, measured.stderr) == ("sa_score", 0.0)
        assert isinstance(found[2], Failure)
        assert "Sn" in found[2].message
        deadline = time.monotonic() + 30
        while left := processes() - before:
            assert time.monotonic() < deadline, left
            time.sleep(0.1)


def _finished(heard: list[Any]) -> list[Finished]:
    return [message for message in heard if isinstance(message, Finished)]
