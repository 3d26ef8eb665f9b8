"""The linear-response solver against oscillators and dense algebra; no quantum chemistry involved."""

import numpy as np
import pytest

from mdcore.optics import OpticsFailed
from mdcore.optics.response import solve_response


def test_independent_oscillators_have_the_sellmeier_form():
    # Each transition with gap d and moment m along x gives 4 m^2 d / (d^2 - w^2).
    gaps = np.array([0.4, 0.55, 0.9, 1.7])
    moments = np.array([[0.3, 0.0, 0.7, 0.1], [0.0, 0.5, 0.0, 0.2], [0.0, 0.0, 0.0, 0.4]])
    omegas = [0.0, 0.07, 0.1]
    tensors = solve_response(lambda u: (u * gaps, u * gaps), gaps, moments, omegas, tolerance=1e-6)
    for tensor, omega in zip(tensors, omegas, strict=True):
        expected = 4.0 * (moments * (gaps / (gaps**2 - omega**2))) @ moments.T
        np.testing.assert_allclose(tensor, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_coupled_transitions_agree_with_a_dense_solution(seed):
    rng = np.random.default_rng(seed)
    n = 60
    gaps = rng.uniform(0.3, 3.0, n)
    noise = rng.normal(0, 0.02, (2, n, n))
    plus, minus = (np.diag(gaps) + x + x.T for x in noise)
    plus, minus = (m + 0.1 * np.eye(n) for m in (plus, minus))
    moments = rng.normal(0, 1, (3, n))
    omegas = [0.0, 0.0694, 0.0773, 0.0937]
    tensors = solve_response(lambda u: (u @ plus, u @ minus), gaps, moments, omegas, tolerance=1e-3)
    for tensor, omega in zip(tensors, omegas, strict=True):
        dense = 4.0 * moments @ np.linalg.solve(plus - omega**2 * np.linalg.inv(minus), moments.T)
        # The polarizability's error is quadratic in the residual.
        np.testing.assert_allclose(tensor, dense, rtol=0, atol=1e-5 * np.abs(dense).max())


def test_frequency_above_a_resonance_is_refused():
    gaps = np.array([0.05, 1.0])
    with pytest.raises(OpticsFailed, match="at or above the first excitation"):
        solve_response(lambda u: (u * gaps, u * gaps), gaps, np.eye(3, 2), [0.09])


def test_unstable_ground_state_is_refused():
    gaps = np.array([0.5, 1.0])
    with pytest.raises(OpticsFailed, match="unstable"):
        solve_response(lambda u: (-u * gaps, u * gaps), gaps, np.eye(3, 2), [0.0])


def test_iteration_limit_is_an_error_not_a_result():
    rng = np.random.default_rng(3)
    n = 200
    gaps = rng.uniform(0.3, 3.0, n)
    coupling = rng.normal(0, 0.05, (n, n))
    plus = np.diag(gaps) + coupling @ coupling.T
    with pytest.raises(OpticsFailed, match="stopped at a relative residual"):
        solve_response(
            lambda u: (u @ plus, u * gaps), gaps, rng.normal(0, 1, (3, n)), [0.0], tolerance=1e-12, max_iterations=2
        )
