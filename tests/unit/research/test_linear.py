"""The linear engine: conforms, gives the same bytes in any block, and is the same model twice."""

import copy
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.core.engines import linear as kernels
from quorate.core.engines.base import Rows
from quorate.core.engines.checks import CHECKS
from quorate.core.engines.specimen import specimen
from quorate.core.kernel import signatures
from quorate.core.types import Regime
from quorate.errors import ConfigError, LeakageError, ResearchError
from quorate.research.linear import fit

NAMES = ("ret_z_24h", "adx", "vol_24h", "signed_flow_4h")
WEIGHTS = np.array([0.7, -0.02, 4.0, 1.5])


def history(seed=1, n=800):
    """Return plausible rows, shape (row, feature), and which way they went."""
    draw = np.random.default_rng(seed)
    rows = specimen(NAMES, n, 1).values[:, :, 0].copy()
    z = (rows - rows.mean(0)) @ WEIGHTS
    return rows, draw.uniform(size=n) < 1.0 / (1.0 + np.exp(-z))


def model(**given):
    rows, up = history()
    return fit(rows, up, NAMES, **given)


def engine(least_edge=0.0):
    return model().engine(
        name="fitted",
        family="model",
        approved=[Regime.TREND],
        hypothesis="What moved before goes on as it did.",
        least_edge=least_edge,
    )


ENGINE = engine(0.1)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_engine_conforms(check):
    assert check(ENGINE) == ""


def test_it_takes_the_likelier_side_with_that_sides_probability():
    rows = specimen(NAMES, 40, 5)
    side, strength = engine().vote(rows)
    prob = model().prob_up(rows)
    assert (side == np.sign(prob - 0.5)).all()
    assert strength == pytest.approx(np.maximum(prob, 1.0 - prob), abs=1e-15)


def test_it_abstains_where_its_edge_is_small():
    rows = specimen(NAMES, 200, 5)
    side, strength = ENGINE.vote(rows)
    edge = np.abs(2.0 * model().prob_up(rows) - 1.0)
    assert ((side == 0) == (edge < 0.1)).all()
    assert (strength[side == 0] == 0.5).all()


def test_a_mad_value_has_a_bounded_say():
    rows = specimen(NAMES, 1, 2)
    values = np.array(rows.values)
    values[0, 0] = [1e12, np.inf]
    far = model().prob_up(Rows(values, NAMES))
    fitted = model()
    values[0, 0] = fitted.mean[0] + fitted.scale[0] * 10.0
    assert far == pytest.approx(fitted.prob_up(Rows(values, NAMES)), abs=1e-12)


def test_clipped_values_train_it_too():
    rows, up = history()
    rows[0, 0] = 1e9
    found = fit(rows, up, NAMES, clip=2.0)
    scaled = np.clip((rows - found.mean) / found.scale, -2.0, 2.0)
    z = scaled @ found.coefficients + found.intercept
    # at the least loss the slope of every coefficient is that of its ridge
    slope = scaled.T @ (1.0 / (1.0 + np.exp(-z)) - up) + found.coefficients
    assert slope == pytest.approx(0.0, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(1, 48), (48, 1), (6, 8), (16, 3)]))
def test_a_row_alone_a_block_and_a_shuffled_block_give_the_same_bytes(seed, shape):
    draw = np.random.default_rng(seed)
    cells = draw.normal(size=(48, 4)) * [2.0, 30.0, 0.1, 1.0]
    cells[draw.uniform(size=cells.shape) < 0.05] = np.nan

    def probs(values, shape):
        cube = np.ascontiguousarray(values.reshape(*shape, 4).transpose(0, 2, 1))
        return MODEL.prob_up(Rows(cube, NAMES)).ravel()

    block = probs(cells, shape)
    order = draw.permutation(48)
    assert probs(cells[order], shape).tobytes() == block[order].tobytes()
    alone = np.concatenate([probs(cells[i : i + 1], (1, 1)) for i in range(48)])
    assert alone.tobytes() == block.tobytes()


MODEL = model()


def test_columns_are_found_by_name():
    rows = specimen(NAMES, 20, 3)
    turned = Rows(np.ascontiguousarray(rows.values[:, ::-1]), NAMES[::-1])
    assert MODEL.prob_up(turned).tobytes() == MODEL.prob_up(rows).tobytes()


def test_the_same_data_and_settings_are_the_same_model():
    first, again = model(penalty=2.0), model(penalty=2.0)
    assert first.digest() == again.digest()
    assert first.packed().tobytes() == again.packed().tobytes()
    assert model(penalty=3.0).digest() != first.digest()


def test_a_weight_says_how_much_a_row_counts():
    rows, up = history()
    weight = np.ones(len(up))
    weight[:400] = 0.0
    only = fit(rows[400:], up[400:], NAMES)
    found = fit(rows, up, NAMES, weight)
    assert found.mass == 400.0
    assert found.coefficients == pytest.approx(only.coefficients, abs=1e-8)
    assert found.mean == pytest.approx(only.mean, rel=1e-12)


@pytest.mark.parametrize("value", [20.0, 0.1, 1e9 + 0.1, 0.0])
@pytest.mark.parametrize("is_weighted", [True, False])
def test_with_a_feature_that_does_not_vary_it_is_the_model_of_the_others(value, is_weighted):
    """Of 0.1 a library's weighted variance is below 0: a warning, which fails a test."""
    rows, up = history()
    weight = np.random.default_rng(2).uniform(0.01, 1.0, len(up)) if is_weighted else None
    rows[:, 1] = value
    found = fit(rows, up, NAMES, weight)
    others = fit(rows[:, [0, 2, 3]], up, (NAMES[0], *NAMES[2:]), weight)
    assert found.names == others.names
    assert found.digest() == others.digest()


def test_a_feature_that_varies_where_no_label_counts_is_left_out():
    rows, up = history()
    weight = np.where(np.arange(len(up)) < 400, 0.0, 0.7)
    rows[400:, 2] = 0.3
    assert fit(rows, up, NAMES, weight).names == (*NAMES[:2], NAMES[3])


def test_a_feature_that_varies_by_rounding_alone_is_left_out():
    """Its weighted variance may come out below 0, and its scale would be that of last digits."""
    rows, up = history()
    rows[:, 1] = 0.1
    rows[::2, 1] = np.nextafter(0.1, 1.0)
    weight = np.random.default_rng(2).uniform(0.01, 1.0, len(up))
    assert fit(rows, up, NAMES, weight).names == (NAMES[0], *NAMES[2:])


def test_without_any_feature_that_varies_there_is_no_model():
    _, up = history()
    with pytest.raises(ResearchError, match="no feature varies: ret_z_24h, adx, vol_24h"):
        fit(np.full((len(up), 4), 0.1), up, NAMES)


def test_a_number_that_no_scale_can_hold_is_refused_by_name():
    rows, up = history()
    rows[3, 1] = 1e160
    with pytest.raises(ValueError, match=r"feature 'adx' has a number .* beyond 1e\+100"):
        fit(rows, up, NAMES)


def test_a_model_cannot_be_written_on():
    for array in (MODEL.mean, MODEL.scale, MODEL.coefficients):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


def test_a_model_that_travelled_is_the_same_and_cannot_be_written_on():
    there = copy.deepcopy(MODEL)  # by what sends it to another process
    assert there.digest() == MODEL.digest()
    with pytest.raises(ValueError, match="read-only"):
        there.mean[0] = 1.0


def test_kernels_have_one_signature():
    ENGINE.vote(specimen(NAMES, 3, 2))
    MODEL.prob_up(specimen(NAMES, 1, 1))
    assert signatures(kernels.tally) == 1
    assert signatures(kernels.scan) == 1


def test_the_future_is_refused():
    rows, up = history(n=30)
    with pytest.raises(LeakageError, match="30 of 30 labels end after bar 4"):
        fit(rows, up, NAMES, ended_k=np.full(30, 5), as_of_k=4)


def test_labels_of_one_way_are_refused():
    rows, up = history(n=30)
    with pytest.raises(ResearchError, match="all of 30 labels went one way"):
        fit(rows, np.ones(30), NAMES)
    with pytest.raises(ResearchError, match="went one way"):
        fit(rows, up, NAMES, weight=up.astype(float))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"names": NAMES[:3]}, r"3 names \(3 different\) for 4 features"),
        ({"names": NAMES[:3] + NAMES[:1]}, r"4 names \(3 different\)"),
        ({"went_up": np.ones(5)}, r"went_up \(5,\)"),
        ({"went_up": np.full(30, 0.5)}, "went_up must be 0 or 1"),
        ({"weight": np.full(30, 2.0)}, "a weight is outside"),
        ({"weight": np.full(30, np.nan)}, "a weight is outside"),
        ({"penalty": 0.0}, "penalty is 0.0"),
        ({"clip": np.inf}, "clip inf"),
    ],
)
def test_what_cannot_be_fitted_is_refused(change, said):
    rows, up = history(n=30)
    given = {"features": rows, "went_up": up, "names": NAMES} | change
    with pytest.raises(ValueError, match=said):
        fit(**given)


def test_the_feature_with_a_hole_is_named():
    rows, up = history(n=30)
    rows[3, 2] = np.nan
    with pytest.raises(ValueError, match="feature 'vol_24h' has a number that is not finite"):
        fit(rows, up, NAMES)


@pytest.mark.parametrize(
    "module", ["sklearn.linear_model", "sklearn.preprocessing", "threadpoolctl"]
)
def test_without_a_library_the_error_says_what_to_install(monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match=r'pip install "quorate\[research\]"'):
        model()


def test_parameters_that_make_no_engine_are_refused():
    one = np.ones(1)
    for bad, said in (
        ((one, one, np.ones(2), 0.0, 10.0, 0.0), "2 coefficients"),
        ((one, one, one * np.nan, 0.0, 10.0, 0.0), "not finite"),
        ((one, 0.0 * one, one, 0.0, 10.0, 0.0), "must be above 0"),
        ((one, one, one, 0.0, 10.0, 1.0), r"least_edge 1.0 in \[0, 1\)"),
    ):
        with pytest.raises(ValueError, match=said):
            kernels.pack(*bad)
    with pytest.raises(ValueError, match="3 parameters for 1 features"):
        kernels.build(
            name="one",
            family="model",
            approved=[Regime.TREND],
            reads=("adx",),
            parameters=np.ones(3),
            hypothesis="None.",
        )
