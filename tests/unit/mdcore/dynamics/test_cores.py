"""Threads by the size of the cell, and a core for a simulation on one thread."""

import os
import subprocess
import sys
import threading

import pytest

from mdcore.dynamics import cores
from mdcore.dynamics.cores import OwnCore
from mdcore.dynamics.platform import ONE_THREAD_BELOW_ATOMS, choose_platform
from mdcore.settings import ExecutionSettings

linux = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2, reason="needs affinity and two cores"
)


def threads_of(n_atoms, **settings):
    return choose_platform(ExecutionSettings(platform="CPU", **settings), n_atoms)[1].get("Threads")


def test_small_cells_take_one_thread_and_large_ones_all_allowed_cores(monkeypatch):
    monkeypatch.delenv("OPENMM_CPU_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 4, 5}, raising=False)
    assert threads_of(ONE_THREAD_BELOW_ATOMS - 1) == "1"
    assert threads_of(ONE_THREAD_BELOW_ATOMS) == "3"


def test_wanted_threads_and_openmm_s_own_variable_come_first(monkeypatch):
    monkeypatch.setenv("OPENMM_CPU_THREADS", "2")
    assert threads_of(100) is None
    assert threads_of(100, threads=7) == "7"


@linux
def test_claims_differ_and_end_with_the_block(tmp_path):
    before = os.sched_getaffinity(0)
    with OwnCore(tmp_path) as first:
        claimed = first.core
        assert os.sched_getaffinity(0) == {first.core}
        os.sched_setaffinity(0, before)  # another thread or process starts with all cores
        with OwnCore(tmp_path) as second:
            assert second.core not in (None, first.core)
            os.sched_setaffinity(0, before)
            if len(before) == 2:
                with OwnCore(tmp_path) as third:
                    assert third.core is None
                    assert os.sched_getaffinity(0) == before
    assert os.sched_getaffinity(0) == before
    with OwnCore(tmp_path) as again:
        assert again.core == claimed


@linux
def test_a_killed_process_leaves_no_claim(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from mdcore.dynamics.cores import OwnCore\n"
        "OwnCore(Path(sys.argv[1])).__enter__(); print(flush=True); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, capture_output=True)
    (left,) = tmp_path.iterdir()
    with OwnCore(tmp_path) as own:
        assert left.name == f"mdcore-core-{own.core}.lock"


@linux
@pytest.mark.parametrize(("used", "kept"), [(9.9, True), (6.0, False)])
def test_a_core_is_given_up_when_it_is_shared(tmp_path, monkeypatch, used, kept):
    before = os.sched_getaffinity(0)
    clocks = iter([(0.0, 0.0), (1.0, 0.0), (10.0, used), (10.0, used)])
    monkeypatch.setattr(cores, "_clocks", lambda: next(clocks))
    stop = threading.Event()
    with OwnCore(tmp_path) as own:
        started = threading.Thread(target=stop.wait)
        started.start()
        own.check()
        assert own.core is not None, "one second is too short to tell"
        own.check()
        assert (own.core is not None) == kept
        assert len(os.sched_getaffinity(started.native_id)) == (1 if kept else len(before))
    assert os.sched_getaffinity(started.native_id) == before
    stop.set()
    started.join()


@linux
def test_threads_of_libraries_come_along_and_those_of_python_stay(tmp_path, monkeypatch):
    before = os.sched_getaffinity(0)
    stop, running = threading.Event(), []
    for _ in range(2):
        running.append(threading.Thread(target=stop.wait))
        running[-1].start()
    library, python = running
    # A thread that Python does not know, as those which OpenMM keeps between contexts.
    monkeypatch.setattr(threading, "enumerate", lambda: [threading.main_thread(), python])
    with OwnCore(tmp_path) as own:
        assert os.sched_getaffinity(library.native_id) == {own.core}
        assert os.sched_getaffinity(python.native_id) == before
    assert os.sched_getaffinity(library.native_id) == before
    monkeypatch.undo()
    stop.set()
    for thread in running:
        thread.join()


@linux
def test_a_folder_that_cannot_hold_claims_changes_nothing(tmp_path):
    before = os.sched_getaffinity(0)
    with OwnCore(tmp_path / "absent") as own:
        assert own.core is None
        assert os.sched_getaffinity(0) == before


@pytest.mark.parametrize(("listed", "place"), [("0,4", 1), ("4-5", 0), ("3-4", 1), ("4", 0)])
def test_whole_cores_come_before_their_second_threads(monkeypatch, listed, place):
    monkeypatch.setattr(cores.Path, "read_text", lambda _: listed + "\n")
    assert cores._sibling(4) == (place, 4)
