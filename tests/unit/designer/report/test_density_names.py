"""Each refractive index stands beside the density that it belongs to, and each density is named for what it is."""

import io
from dataclasses import replace

import numpy as np
import pytest
from made_evidence import cooled, made_evidence

from designer.cli.simulate import _line
from designer.cli.tables import measurement_document, print_front
from designer.columns import column_label
from designer.text import measured_text
from mdcore.chem import Measurement, RepeatUnit
from mdcore.chem.naming import at_density, measured_label
from mdcore.estimate import Estimate
from mdcore.estimate.refraction import refractive_index
from mdcore.measure.replicates import combine_estimates
from mdcore.optics import OpticsSettings
from mdcore.properties.evidence import Evidence
from mdcore.substances import Homopolymer, Liquid, Substance

PS = Homopolymer(RepeatUnit.from_psmiles("*CC(*)c1ccccc1"))


def sampled(substance: Substance = PS, kind: str = "slowly_cooled", density: float = 0.98) -> Evidence:
    """A run of 600 atoms whose density scatters by 0.5 %, cooled at 12 K/ps."""
    noise = 1.0 + 0.005 * np.random.default_rng(1).standard_normal(100)
    series = {"density_g_cm3": density * noise, "volume_nm3": 6.5 / noise}
    settings = OpticsSettings(kind="additive", density=kind)
    return made_evidence(substance, series, stages=(cooled(12.0, 1000.0),), optics=settings)


def index_of(run: Evidence) -> Measurement:
    found = run.estimate("refractive_index")
    about = {**found.about, "stderr_parts": dict(found.parts)}
    return Measurement("refractive_index", found.value, found.stderr, "1", "md-quick", about)


@pytest.mark.parametrize(
    ("run", "name"),
    [
        (sampled(), "slowly_cooled_density"),
        (sampled(kind="simulated"), "density"),
        (sampled(Liquid("Cc1ccccc1")), "density"),  # a liquid needs no correction
    ],
)
def test_the_density_told_beside_n_is_the_one_that_n_follows_from(run: Evidence, name: str) -> None:
    measured = index_of(run)
    refractions = run.calculation("molar_refractions")
    density = at_density(measured)
    assert density is not None
    assert density.name == name
    expected = run.estimate(name)
    assert (density.value_g_cm3, density.stderr_g_cm3) == (
        pytest.approx(expected.value),
        pytest.approx(expected.stderr),
    )
    assert measured.value == pytest.approx(
        refractive_index(refractions.r_D, refractions.molar_mass_g_mol, density.value_g_cm3), abs=2e-3
    )
    assert measurement_document(measured)["at_density"] == {
        "property": name,
        "value": density.value_g_cm3,
        "stderr": density.stderr_g_cm3,
        "unit": "g/cm3",
    }


def own(name: str, value: float, stderr: float, **provenance: object) -> Measurement:
    unit = "1" if name == "refractive_index" else "g/cm3"
    return Measurement(name, value, stderr, unit, "md-quick", {"content_hash": "abc", **provenance})


CELL = own("density", 0.981, 0.026)
SLOW = own("slowly_cooled_density", 1.037, 0.036)
INDEX = own(
    "refractive_index", 1.584, 0.025,
    optics_density={"kind": "slowly_cooled", "property": "slowly_cooled_density", "value_g_cm3": 1.037, "stderr_g_cm3": 0.036},
)  # fmt: skip


def test_texts_name_each_density_for_what_it_is() -> None:
    assert [_line(m) for m in (CELL, SLOW, INDEX)] == [
        "Density of the simulated cell: 0.981 ± 0.026 g/cm3",
        "Density corrected for the cooling rate: 1.037 ± 0.036 g/cm3",
        "Refractive index: 1.584 ± 0.025, at the density corrected for the cooling rate, 1.037 ± 0.036 g/cm3",
    ]
    assert [measured_text(m) for m in (CELL, INDEX)] == [
        "ρ_cell 0.981 ± 0.026 g/cm3",
        "n_D 1.584 ± 0.025 at ρ_slow 1.037",
    ]


def test_results_of_older_versions_and_of_laboratories_are_named_too() -> None:
    old = own("refractive_index", 1.584, 0.025, optics_density={"kind": "slowly_cooled", "value_g_cm3": 1.037})
    assert measured_text(old) == "n_D 1.584 ± 0.025 at ρ_slow 1.037"
    assert "at_density" not in measurement_document(own("refractive_index", 1.584, 0.025))
    handbook = Measurement("density", 1.05, 0.01, "g/cm3", "experiment", {})
    assert (measured_label(handbook), measured_text(handbook)) == ("Density", "ρ 1.050 ± 0.010 g/cm3")


def test_replicates_tell_the_mean_of_their_densities() -> None:
    beside = INDEX.provenance["optics_density"]
    found = [
        Estimate(m.value, m.stderr, about={"optics_density": {**beside, "value_g_cm3": at}})
        for m, at in ((INDEX, 1.037), (INDEX, 1.057))
    ]
    mean = replace(INDEX, provenance=dict(combine_estimates(found, (1, 2)).about))
    density = at_density(mean)
    assert density is not None
    assert density.value_g_cm3 == pytest.approx(1.047)


class Record:
    """What tables read of an evaluation."""

    ordinal, psmiles, key, novelty = 1, PS.unit.psmiles, PS.key, "known"
    measurements = (CELL, INDEX)

    def measured(self, name: str) -> Measurement | None:
        return next((m for m in self.measurements if m.property == name), None)


def test_headings_of_tables_say_which_density() -> None:
    records = [Record()]
    assert column_label("density", records) == "Density of the simulated cell"
    assert column_label("refractive_index", records) == "Refractive index at ρ_slow"
    assert column_label("abbe_number", records) == "Abbe number"
    stream = io.StringIO()
    print_front(stream, records, [], {})
    assert "at ρ_slow" in stream.getvalue()
    assert "simulated cell" in stream.getvalue()
