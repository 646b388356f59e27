import numpy as np
import pytest

from quorate.core.portfolio import Params, objective, params


def test_concentration_is_that_of_the_risky_weights_alone():
    assert objective.hhi(np.array([0.2, 0.3, 0.0])) == pytest.approx(0.13)


def test_turnover_leaves_cash_out():
    assert objective.turnover(np.array([0.5, 0.0]), np.array([0.1, 0.2])) == pytest.approx(0.6)


def test_value_is_edge_less_turnover_in_percent():
    w, mu, w0 = np.array([0.5, 0.2]), np.array([0.4, -0.1]), np.array([0.0, 0.3])
    assert objective.value(w, mu, w0, 0.1) == pytest.approx(0.2 - 0.02 - 0.1 * 0.6)


def test_a_coin_without_weight_needs_no_edge():
    w, mu = np.array([0.5, 0.0]), np.array([0.4, np.nan])
    assert objective.value(w, mu, np.zeros(2), 0.1) == pytest.approx(0.15)


def test_the_penalty_is_100_percent_per_unit_of_hhi_over_the_limit():
    w, mu = np.array([0.6]), np.array([1.0])
    plain = objective.value(w, mu, w, 0.1)
    assert objective.penalised(w, mu, w, 0.1, 0.25, 100.0) == pytest.approx(plain - 11.0)
    assert objective.penalised(w, mu, w, 0.1, 0.36, 100.0) == plain


def test_params_are_those_of_the_specification():
    assert params() == Params(
        kappa=0.1, max_hhi=0.25, penalty=100.0, sector_cap=pytest.approx(5 / 7), budget=1.0
    )


@pytest.mark.parametrize(
    ("name", "number"),
    [("kappa", -0.1), ("max_hhi", 0.0), ("penalty", -1.0), ("budget", 1.1), ("kappa", np.nan)],
)
def test_params_out_of_bounds_are_refused(name, number):
    with pytest.raises(ValueError, match=name):
        params(**{name: number})


def test_an_unknown_param_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'kapa'.*kappa"):
        params(kapa=0.2)


def test_an_int_becomes_a_float_so_that_the_solver_compiles_once():
    assert isinstance(params(penalty=50).penalty, float)
