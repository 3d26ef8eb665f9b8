"""`designer doctor --cluster CONFIG`: a small trial of a campaign's cluster."""

import importlib.metadata
import os
import shutil
import socket
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from designer.cli.findings import Check
from designer.cluster.base import Cluster, Finished, Job, Noted, OnDask, Returned
from designer.config import CampaignConfig, load_config
from designer.errors import DesignerError
from designer.machine import program_version
from mdcore.chem import Failure
from mdcore.settings import SimulationSettings

WORKERS_S = 600.0
"""Timeout in s for workers, which may queue in a batch system."""


def cluster_checks(path: Path, tiny: Mapping[str, Any]) -> Iterator[Check]:
    """Start or join the cluster of a campaign file and test it.

    Args:
        path: The campaign file.
        tiny: Overrides of the settings for a simulation of a few seconds.
    """
    config = load_config(path)
    kind = config.cluster.kind
    if config.measured_outside:
        yield Check(
            "cluster", "works", f"kind {kind} does not simulate; `designer ask` and `designer tell` need no cluster"
        )
        return
    try:
        cluster: Cluster = config.cluster.start(config.campaign_folder)
    except DesignerError as error:
        yield Check(f"cluster {kind}", "broken", str(error), "correct it, then repeat the check")
        return
    try:
        yield Check(
            f"cluster {kind}",
            "works",
            f"dashboard at {cluster.dashboard}; up to {cluster.slots} parallel evaluations",
        )
        yield from _simulation(config, cluster, tiny)
        if isinstance(cluster, OnDask):
            yield from _workers(config, cluster.client)
    finally:
        cluster.close()


def _simulation(config: CampaignConfig, cluster: Cluster, tiny: Mapping[str, Any]) -> Iterator[Check]:
    """Run one tiny simulation, which also makes a batch system start jobs."""
    folder = config.campaign_folder.resolve() / f"doctor-{uuid.uuid4().hex[:8]}"
    execution = config.simulation_settings().execution.model_dump(mode="json")
    settings = SimulationSettings.model_validate({"preset": "quick", **tiny, "execution": execution})
    job = Job(
        0,
        "doctor",
        {"kind": "homopolymer", "psmiles": "*CC*"},
        settings.model_dump(mode="json"),
        0,
        folder,
        ("density",),
    )
    started = time.monotonic()
    cluster.submit(job)
    while time.monotonic() - started < WORKERS_S:
        for message in cluster.messages(1.0):
            if isinstance(message, Noted):
                yield Check("cluster message", "works", message.text)
            if isinstance(message, Returned):
                yield Check("simulation on a worker", "broken", message.trouble.message, "correct it there")
                return
            if isinstance(message, Finished):
                result, seconds = message.outcome.result, time.monotonic() - started
                if isinstance(result, Failure):
                    yield Check("simulation on a worker", "broken", f"{result.kind}: {result.message}", f"see {folder}")
                    return
                platform = dict(getattr(result, "provenance", {})).get("platform", "?")
                yield Check(
                    "simulation on a worker",
                    "works",
                    f"{platform} at {message.outcome.worker}, in {seconds:.0f} s with waiting",
                )
                if not (folder / "result.json").exists():
                    yield Check(
                        "files",
                        "broken",
                        f"the worker's files are not at {folder}",
                        "use a shared folder, or cluster.files: transfer",
                    )
                else:
                    yield Check(
                        "files", "works", f"the worker's files arrived in {folder.parent} ({config.cluster.files})"
                    )
                    shutil.rmtree(folder)
                return
    yield Check(
        "simulation on a worker",
        "broken",
        f"not done after {WORKERS_S:.0f} s",
        "check the queue and the output of the workers",
    )


def _workers(config: CampaignConfig, client: Any) -> Iterator[Check]:
    """Check every connected worker."""
    token = config.campaign_folder.resolve() / f".doctor-{uuid.uuid4().hex[:8]}"
    token.parent.mkdir(parents=True, exist_ok=True)
    token.write_text("seen")
    try:
        found = client.run(look, str(token), on_error="return")
    finally:
        token.unlink()
    known = client.scheduler_info(n_workers=-1)["workers"]
    own = program_version()
    for address, seen in found.items():
        worker = known.get(address, {})
        name = f"worker {worker.get('name', address)}"
        if isinstance(seen, BaseException):
            yield Check(name, "broken", " ".join(f"{type(seen).__name__}: {seen}".split()), "see its output")
            continue
        if seen["version"] != own:
            text = f"runs polymer-designer {seen['version']}, the campaign {own}"
            yield Check(name, "broken", text, "install the same version on both")
        elif worker.get("nthreads", 1) != 1:
            yield Check(name, "broken", f"has {worker['nthreads']} threads", "start it with --nthreads 1")
        elif not seen["shared"] and config.cluster.files == "shared":
            text = f"on {seen['host']} cannot access {config.campaign_folder}"
            yield Check(name, "broken", text, "use a shared folder, or cluster.files: transfer")
        else:
            uses = ", ".join(worker.get("resources") or ()) or "everything"
            gpu = f", GPU {seen['gpu']}" if seen["gpu"] else ""
            yield Check(name, "works", f"{seen['host']}, for {uses}{gpu}, {seen['free_gb']:.0f} GB free for files")


def look(token: str) -> dict[str, Any]:
    """Return the information of a worker about its machine; runs on the worker."""
    import tempfile

    return {
        "version": importlib.metadata.version("polymer-designer"),
        "host": socket.gethostname(),
        "shared": Path(token).is_file(),
        "gpu": os.environ.get("CUDA_VISIBLE_DEVICES", ""),
        "free_gb": shutil.disk_usage(tempfile.gettempdir()).free / 1e9,
    }
