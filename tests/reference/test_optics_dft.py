"""Linear-response polarizabilities against finite fields, PySCF's own response, size-consistency and experiment."""

import numpy as np
import pytest

pyscf = pytest.importorskip("pyscf", reason="the dft extra is not installed")

from rdkit import Chem  # noqa: E402

from mdcore.chem.constants import BOHR_ANGSTROM  # noqa: E402
from mdcore.optics.device import gpu_obstacle  # noqa: E402
from mdcore.optics.geometry import Geometry, conformers, cut, geometry  # noqa: E402
from mdcore.optics.kohn_sham import KohnShamHessian  # noqa: E402
from mdcore.optics.level import Level  # noqa: E402
from mdcore.optics.polarizability import ground_state, isotropic, omega_hartree, polarizability  # noqa: E402

pytestmark = pytest.mark.seconds(20)

pytestmark = pytest.mark.seconds(20)

WATER = Geometry(("O", "H", "H"), np.array([[0.0, 0.0, 0.1173], [0.0, 0.7572, -0.4692], [0.0, -0.7572, -0.4692]]))
SMALL = Level("pbe0", "def2-svp", 1, 1e-4)


@pytest.mark.parametrize("functional", ["pbe", "pbe0", "camb3lyp"])
def test_products_agree_with_pyscf(functional):
    mean_field = ground_state(WATER, Level(functional, "def2-svp", 1))
    hessian = KohnShamHessian(mean_field)
    rng = np.random.default_rng(0)
    u = rng.normal(0, 1, (3, hessian.gaps.size))
    plus, minus = hessian.products(u)
    shape = (3, hessian.virtual.shape[1], hessian.occupied.shape[1])
    half = 2.0 * np.einsum("pa,xai,qi->xpq", hessian.virtual, u.reshape(shape), hessian.occupied)
    for found, sign, hermi in ((plus, 1.0, 1), (minus, -1.0, 2)):
        density = half + sign * half.transpose(0, 2, 1)
        potential = mean_field.gen_response(singlet=None, hermi=hermi)(density)
        expected = hessian.gaps * u + np.einsum("pa,xpq,qi->xai", hessian.virtual, potential, hessian.occupied).reshape(
            u.shape
        )
        # The exchange and kernel arrays are held in single precision.
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5 * np.abs(expected).max())


class OnDevice(np.ndarray):
    """An array that counts as being on a GPU: numpy refuses to mix it, and `get` copies it back."""

    def get(self):
        return np.array(self)


class DeviceModule:
    """Numpy under another name, whose arrays are `OnDevice`; it has what CuPy has and this project uses."""

    used = 0

    def __getattr__(self, name):
        function = getattr(np, name)

        def call(*arguments, **options):
            DeviceModule.used += 1
            assert all(isinstance(a, OnDevice) for a in arguments if isinstance(a, np.ndarray)) or name == "asarray"
            return function(*arguments, **options).view(OnDevice)

        return call


def test_products_on_another_array_module_are_the_same():
    mean_field = ground_state(WATER, SMALL)
    on_host, on_device = KohnShamHessian(mean_field), KohnShamHessian(mean_field, DeviceModule())
    u = np.random.default_rng(1).normal(0, 1, (2, on_host.gaps.size))
    for expected, found in zip(on_host.products(u), on_device.products(u), strict=True):
        assert type(found) is np.ndarray
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert DeviceModule.used > 20


@pytest.mark.gpu
def test_a_gpu_gives_what_the_cpu_gives():
    obstacle = gpu_obstacle()
    if obstacle is not None:
        pytest.skip(obstacle)
    omegas = (0.0, omega_hartree(486.13))
    host, device = (polarizability(WATER, SMALL, omegas, device=d) for d in ("cpu", "cuda"))
    np.testing.assert_allclose(device, host, atol=1e-3)


def test_static_limit_is_the_finite_field_derivative():
    static = polarizability(WATER, SMALL, (0.0,))[0]
    mean_field = ground_state(WATER, SMALL)
    core, dipole = mean_field.get_hcore(), mean_field.mol.intor_symmetric("int1e_r", comp=3)
    field = 0.002
    numerical = np.empty((3, 3))
    for axis in range(3):
        moments = []
        for sign in (1.0, -1.0):
            shifted = mean_field.copy()
            shifted.conv_tol = 1e-11
            shifted.get_hcore = lambda *_, s=sign, a=axis: core + s * field * dipole[a]
            shifted.kernel(mean_field.make_rdm1())
            moments.append(shifted.dip_moment(unit="AU", verbose=0))
        numerical[axis] = (moments[0] - moments[1]) / (2 * field)
    # h + F.r is a field that pushes electrons towards -F, so the dipole moment grows along +F.
    atol = 2e-4 * np.abs(numerical).max() * BOHR_ANGSTROM**3
    np.testing.assert_allclose(static, numerical * BOHR_ANGSTROM**3, atol=atol)


def test_two_distant_molecules_add_up():
    far = Geometry(
        WATER.symbols * 2,
        np.concatenate([WATER.positions_angstrom, WATER.positions_angstrom + np.array([0.0, 0.0, 60.0])]),
    )
    omegas = (0.0, omega_hartree(486.13))
    one, two = polarizability(WATER, SMALL, omegas), polarizability(far, SMALL, omegas)
    # Dipole-dipole coupling at 60 A changes the sum by 2 alpha / r^3 = 1e-5.
    np.testing.assert_allclose(two, 2.0 * one, rtol=5e-4, atol=1e-4)


def test_rotation_turns_the_tensor():
    angle = 0.7
    rotation = np.array([[np.cos(angle), -np.sin(angle), 0.0], [np.sin(angle), np.cos(angle), 0.0], [0.0, 0.0, 1.0]])
    turned = Geometry(WATER.symbols, WATER.positions_angstrom @ rotation.T)
    a, b = polarizability(WATER, SMALL, (0.08,))[0], polarizability(turned, SMALL, (0.08,))[0]
    np.testing.assert_allclose(b, rotation @ a @ rotation.T, atol=2e-3)


def test_single_oscillator_relation_holds_in_the_visible():
    # Far below the first excitation alpha(w) = a / (1 - w^2 / w0^2) with one effective w0.
    omegas = tuple(omega_hartree(nm) for nm in (656.27, 589.29, 486.13))
    alpha = isotropic(polarizability(WATER, SMALL, (0.0, *omegas)))
    effective = [np.sqrt(w**2 / (1 - alpha[0] / a)) for w, a in zip(omegas, alpha[1:], strict=True)]
    assert np.ptp(effective) / np.mean(effective) < 0.01


@pytest.mark.slow
@pytest.mark.parametrize(
    ("smiles", "published", "tolerance"),
    [
        # Water at the D line from refractivity of the vapour, Zeiss and Meath, Mol. Phys. 33, 1155 (1977): 1.47 A^3.
        ("O", 1.47, 0.05),
        # Benzene at 589 nm from the vapour's refractivity, Bogaard et al., Faraday Trans. I 74, 3008 (1978): 10.4 A^3.
        ("c1ccccc1", 10.4, 0.03),
    ],
)
def test_published_polarizabilities(smiles, published, tolerance):
    molecule = conformers(Chem.MolFromSmiles(smiles), 1, 7)[0]
    alpha = isotropic(polarizability(geometry(molecule), Level(), (omega_hartree(589.29),)))[0]
    assert alpha == pytest.approx(published, rel=tolerance)


def test_cutting_a_chain_caps_the_severed_bond():
    propane = conformers(Chem.MolFromSmiles("CCC"), 1, 7)[0]
    ethane = cut(propane, {0, 1})
    assert sorted(ethane.symbols) == ["C"] * 2 + ["H"] * 6
    distances = np.linalg.norm(ethane.positions_angstrom[:, None] - ethane.positions_angstrom[None], axis=-1)
    assert distances[np.triu_indices(8, 1)].min() == pytest.approx(1.09, abs=0.02)
