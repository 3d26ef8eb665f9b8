"""Choice between CPU and GPU, and the response products on another array module; no GPU involved."""

import sys
import types

import numpy as np
import pytest

from mdcore.optics import OpticsUnavailable
from mdcore.optics import device as module
from mdcore.optics.device import array_module, choose_device
from mdcore.optics.settings import OpticsSettings


class FakeError(Exception):
    pass


def fake_cupy(count):
    def devices():
        if isinstance(count, Exception):
            raise count
        return count

    runtime = types.SimpleNamespace(getDeviceCount=devices, CUDARuntimeError=FakeError)
    return types.SimpleNamespace(cuda=types.SimpleNamespace(runtime=runtime))


@pytest.fixture
def libraries(monkeypatch):
    def install(count):
        monkeypatch.setattr(module, "find_spec", lambda name: object())
        monkeypatch.setitem(sys.modules, "cupy", fake_cupy(count))
        module.gpu_obstacle.cache_clear()

    yield install
    module.gpu_obstacle.cache_clear()


def test_a_gpu_is_taken_where_one_can_be_used(libraries):
    libraries(1)
    assert choose_device("auto") == choose_device("cuda") == "cuda"
    assert choose_device("cpu") == "cpu"
    assert array_module("cuda") is sys.modules["cupy"]
    assert array_module("cpu") is np


@pytest.mark.parametrize(
    ("count", "reason"), [(0, "found no GPU"), (FakeError("no\ndriver"), r"initialisation failed \(no driver\)")]
)
def test_without_a_gpu_auto_falls_back_and_cuda_says_why(libraries, count, reason):
    libraries(count)
    assert choose_device("auto") == "cpu"
    with pytest.raises(OpticsUnavailable, match=reason):
        choose_device("cuda")


def test_without_the_library_the_message_names_the_extra(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    module.gpu_obstacle.cache_clear()
    try:
        assert choose_device("auto") == "cpu"
        with pytest.raises(
            OpticsUnavailable, match=r"gpu4pyscf is not installed; pip install 'polymer-designer\[dft-gpu\]'"
        ):
            choose_device("cuda")
    finally:
        module.gpu_obstacle.cache_clear()


def test_unknown_devices_are_refused():
    with pytest.raises(ValueError, match="choose auto, cpu or cuda"):
        choose_device("tpu")
    with pytest.raises(ValueError, match="cuda"):
        OpticsSettings.model_validate({"device": "tpu"})


def test_the_doctor_computes_a_known_polarizability_and_tells_of_the_gpu(monkeypatch):
    pytest.importorskip("pyscf", reason="the dft extra is not installed")
    from designer.cli.doctor import _quantum_chemistry

    monkeypatch.setattr(module, "find_spec", lambda name: None)
    module.gpu_obstacle.cache_clear()
    try:
        host, gpu = _quantum_chemistry()
    finally:
        module.gpu_obstacle.cache_clear()
    assert (host.state, gpu.state) == ("works", "absent")
    assert "gpu4pyscf is not installed" in gpu.detail
