"""How far two series are apart: golden vector G12."""

from __future__ import annotations

import math

import numpy as np
import pytest

from quorate.statistics.comparison import (
    lags,
    long_run_covariance,
    mean_difference,
    memmel_error,
    sharpe_difference,
)

K = np.arange(28)
D = (((7 * K**2 + 3 * K) % 19) - 7) / 1000
T = np.arange(60)
A = (((13 * T + 5) % 29) - 12) / 1000
B = (((17 * T + 2) % 31) - 14) / 1000


def test_g12_hac_mean():
    zero = np.zeros(28)
    assert lags(28) == 3
    assert mean_difference(D, zero).value == pytest.approx(0.0010357142857142859, abs=1e-15)
    assert mean_difference(D, zero, 0).z == pytest.approx(0.9618881801769873, abs=1e-9)
    assert mean_difference(D, zero).z == pytest.approx(1.2379789350441608, abs=1e-9)


def test_g12_ledoit_wolf():
    found = sharpe_difference(A, B, 4)
    assert found.value == pytest.approx(0.14768286168092115, abs=1e-9)
    assert found.standard_error == pytest.approx(0.09897265363677098, abs=1e-9)
    assert found.z == pytest.approx(1.4921582503275737, abs=1e-9)


def test_g12_the_wrong_sign_is_not_ours():
    assert sharpe_difference(A, B, 4).standard_error != pytest.approx(0.10181617546736722, abs=1e-4)


def test_g12_jobson_korkie_memmel():
    assert memmel_error(A, B) == pytest.approx(0.19496028418307665, abs=1e-9)


def test_the_gradient_is_the_numeric_one():
    """Move each moment a little: the ratio's difference moves as the delta method says."""

    def delta(m):
        return m[0] / math.sqrt(m[2] - m[0] ** 2) - m[1] / math.sqrt(m[3] - m[1] ** 2)

    moments = np.column_stack((A, B, A**2, B**2))
    mean = moments.mean(axis=0)
    gradient = np.array(
        [(delta(mean + h) - delta(mean - h)) / (2 * 1e-9) for h in 1e-9 * np.eye(4)]
    )
    spread = long_run_covariance(moments, 4)
    expected = math.sqrt(gradient @ spread @ gradient / 60)
    assert sharpe_difference(A, B, 4).standard_error == pytest.approx(expected, rel=1e-4)


def test_series_of_different_days_are_refused():
    with pytest.raises(ValueError, match="give one return a common day"):
        sharpe_difference(A, B[:-1])
