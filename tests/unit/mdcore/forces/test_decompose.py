import csv
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest
from made_bundles import dumbbells

from mdcore.estimate.heat_shares import HeatFlowShares
from mdcore.forces import COMPONENTS, HeatFlow, HeatPath, Interactions, SystemTerms, decompose_heat_flow
from mdcore.measure.heat_shares_files import write_heat_shares

PATH = HeatPath(2, (0.0, 0.1), (0.5, 0.6))


@dataclass(frozen=True)
class Frames:
    positions_nm: np.ndarray
    velocities_nm_ps: np.ndarray
    boxes_nm: np.ndarray


@pytest.fixture(scope="module")
def bundle():
    return dumbbells([], n=27)


@pytest.fixture(scope="module")
def frames(bundle):
    rng = np.random.default_rng(3)
    places = bundle.arrays["positions_nm"]
    shape = (6, *places.shape)
    # As frames are on disk, in single precision.
    return Frames(
        (places + rng.normal(scale=0.01, size=shape)).astype(np.float32),
        rng.normal(scale=0.3, size=shape).astype(np.float32),
        np.tile(bundle.arrays["box_nm"], (6, 1, 1)),
    )


def test_frames_of_a_bundle_are_decomposed_with_its_forces_and_chains(bundle, frames, tmp_path):
    shares = decompose_heat_flow(bundle, frames, PATH, 2.0, 4.0)
    assert shares.n_frames == 6
    flow = HeatFlow(
        Interactions(SystemTerms.from_xml(bundle.system_xml)), bundle.arrays["chain_index"], PATH, lag_ps=0.002
    )
    powers = np.mean(
        [
            flow.frame(x.astype(float), v.astype(float), b).powers
            for x, v, b in zip(frames.positions_nm, frames.velocities_nm_ps, frames.boxes_nm, strict=True)
        ],
        axis=0,
    )
    found = {one.name: one for one in shares.components}
    assert tuple(found) == COMPONENTS
    for name in ("bonds", "van_der_waals", "electrostatic", "kinetic_convection"):
        expected = powers[COMPONENTS.index(name)] / 2.0
        assert [found[name].within.value, found[name].between.value] == pytest.approx(
            expected.tolist(), rel=1e-9, abs=1e-12
        )
    assert found["bonds"].between.value == 0.0
    assert found["electrostatic"].within.value == 0.0
    assert found["electrostatic"].between.value != 0.0
    picture, table = write_heat_shares(shares, tmp_path, "dumbbells")
    assert picture.read_bytes().startswith(b"\x89PNG")
    with table.open(newline="") as stream:
        rows = {row["component"]: row for row in csv.DictReader(stream)}
    assert tuple(rows) == (*COMPONENTS, "sum", "residual")
    assert float(rows["bonds"]["within_chains"]) == found["bonds"].within.value
    assert float(rows["residual"]["share"]) == shares.residual.value
    assert HeatFlowShares.from_document(json.loads(json.dumps(shares.document()))) == shares


def test_frames_can_be_decomposed_in_parallel(bundle, frames):
    alone = decompose_heat_flow(bundle, frames, PATH, 2.0, 4.0)
    with ThreadPoolExecutor(2) as pool:
        assert decompose_heat_flow(bundle, frames, PATH, 2.0, 4.0, pool.map) == alone


def test_a_power_of_the_wrong_sign_is_refused(bundle, frames):
    with pytest.raises(ValueError, match="must be positive"):
        decompose_heat_flow(bundle, frames, PATH, -2.0, 4.0)
