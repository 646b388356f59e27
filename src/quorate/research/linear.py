"""Logistic regression: one weight a feature, fitted by scikit-learn, evaluated by our own kernel.

In: rows of features of one training fold, which way each went, and how unique each label is. Out:
a ``Linear``, frozen numbers, and the ``Engine`` that votes with them. Mean and scale come from the
same rows as the coefficients: whoever cuts folds outside cannot leak a later mean into them.

A library's own prediction is a matrix product whose last bits depend on how many rows it is given.
The kernel adds feature by feature (``core.engines.linear``), and differs by rounding alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from quorate.core.engines import linear as kernels
from quorate.errors import ResearchError
from quorate.records import canonical_json
from quorate.research import libraries
from quorate.research.sample import check_known, labelled, varying

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from quorate.core.engines.base import Engine, Rows
    from quorate.core.types import Mat, Regime, Vec

CLIP = 10.0
"""Scales beyond which a standardised feature says no more (METHODS 12)."""
_MOST = 1e100
"""What can be squared and added up."""


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    r"""A fitted logistic regression.

    .. math:: P(up) = \sigma\Bigl(\beta_0 + \sum_f \beta_f
        \operatorname{clip}\bigl((x_f - m_f) / s_f, \pm clip\bigr)\Bigr)

    Parameters
    ----------
    names : tuple of str
        The features, in the order of the sum.
    mean, scale, coefficients : Vec
        Of each feature, shape (feature,), read-only.
    intercept, clip : float
        Log odds where every feature is at its mean; bound of a standardised feature.
    n, mass : int, float
        Rows of the fit, and labels of their own they come to.
    settings : Mapping of str to float
        What the fit was asked for.

    Notes
    -----
    Units: coefficients are log odds a scale.  Causal: a row at a time.  Missing: NaN abstains.
    """

    names: tuple[str, ...]
    mean: Vec
    scale: Vec
    coefficients: Vec
    intercept: float
    clip: float
    n: int
    mass: float
    settings: Mapping[str, float]

    def __post_init__(self) -> None:
        for each in (self.mean, self.scale, self.coefficients):
            each.flags.writeable = False
        self.packed()

    def __reduce__(self) -> tuple[type[Linear], tuple[object, ...]]:  # type: ignore[explicit-override]
        """Return what it is made of, so that what another process gets is frozen as well."""
        return Linear, tuple(getattr(self, each.name) for each in fields(self))

    def packed(self, least_edge: float = 0.0) -> Vec:
        """Return the parameters as the kernel reads them."""
        return kernels.pack(
            self.mean, self.scale, self.coefficients, self.intercept, self.clip, least_edge
        )

    def prob_up(self, rows: Rows) -> Mat:
        """Return the probability that each coin rises, shape (time, coin); NaN where unknown.

        Examples
        --------
        >>> from quorate.core.engines.base import Rows
        >>> one = np.ones(1)
        >>> model = Linear(("ret_24h",), 0.0 * one, one.copy(), one.copy(), 0.0, 10.0, 9, 9.0, {})
        >>> model.prob_up(Rows(np.zeros((2, 1, 1)), ("ret_24h",))).tolist()
        [[0.5], [0.5]]
        """
        prob = np.empty(rows.shape)
        kernels.scan(rows.values, rows.columns(self.names), self.packed(), prob)
        return prob

    def engine(
        self,
        *,
        name: str,
        family: str,
        approved: Iterable[Regime],
        hypothesis: str,
        least_edge: float = 0.0,
    ) -> Engine:
        """Return the engine that votes with the model.

        Parameters
        ----------
        name, family, approved, hypothesis
            As in ``Engine``.
        least_edge : float
            It abstains where 2p - 1 of the likelier side is below this, in [0, 1).

        Notes
        -----
        Units: strength is a probability.  Causal: a row at a time.  Missing: NaN abstains.
        METHODS 0.1.
        """
        return kernels.build(
            name=name,
            family=family,
            approved=approved,
            reads=self.names,
            parameters=self.packed(least_edge),
            hypothesis=hypothesis,
            reference=f"logistic regression on {self.n} rows, {self.mass:.0f} labels of their own",
        )

    def digest(self) -> str:
        """Return the SHA-256 of what the model says: names, numbers and settings, in hex."""
        head = {"names": self.names, "settings": dict(self.settings), "n": self.n}
        made = hashlib.sha256(canonical_json(head).encode())
        made.update(self.packed().astype("<f8").tobytes())
        return made.hexdigest()


def fit(
    features: Mat,
    went_up: object,
    names: tuple[str, ...],
    weight: object = None,
    *,
    penalty: float = 1.0,
    clip: float = CLIP,
    ended_k: object = None,
    as_of_k: int | None = None,
) -> Linear:
    r"""Fit a logistic regression with a ridge on the standardised features of one fold.

    .. math:: \min_\beta \sum_i w_i \ln(1 + e^{-y_i z_i}) + \tfrac{\lambda}{2} \sum_f \beta_f^2

    Parameters
    ----------
    features : Mat
        Numbers within 1e100, shape (row, feature). Rows with an unknown feature are no samples: the
        engine abstains on them.
    went_up : array_like
        1 or True where the return over the label was above 0, shape (row,).
    names : tuple of str
        Of the features, in their order.
    weight : array_like, optional
        Uniqueness of each label, in (0, 1]; 1 where not given.
    penalty : float
        :math:`\lambda`, in labels, above 0. The intercept is free.
    clip : float
        Bound of a standardised feature, in scales.
    ended_k, as_of_k
        As of ``sample``.

    Returns
    -------
    Linear

    Raises
    ------
    ValueError
        Shapes differ, a number is not finite, a setting is outside its bounds.
    LeakageError
        A label ends after the fit.
    ResearchError
        All labels went one way, or no feature varies.
    ConfigError
        scikit-learn is not installed.

    Notes
    -----
    Units: log odds.  Causal: as the rows.  Missing: none allowed.
    Deterministic: the same rows in the same order give the same bytes under the same libraries;
    linear algebra is held to one thread. A feature that does not vary where labels count is left
    out: the model is that of the others, to the byte, and its ``names`` are theirs.

    Examples
    --------
    >>> from quorate.core.engines.base import Rows
    >>> x = np.linspace(-1.0, 1.0, 200)[:, None]
    >>> model = fit(x, x[:, 0] > 0.3, ("ret_24h",))
    >>> model.prob_up(Rows(np.array([[[0.9, -0.9]]]), ("ret_24h",))).round(3).tolist()
    [[0.991, 0.0]]
    """
    rows, up, weights = _checked(features, went_up, weight, names)
    if not (penalty > 0.0 and np.isfinite(penalty) and clip > 0.0 and np.isfinite(clip)):
        raise ValueError(f"penalty is {penalty}, clip {clip}; give finite numbers above 0")
    check_known(ended_k, as_of_k, len(rows))
    if len(np.unique(up[weights > 0.0])) < 2:
        raise ResearchError(
            f"all of {len(rows)} labels went one way, so there is nothing to tell apart",
            hint="train on a longer history, or check the labels",
        )
    rows, names = varying(rows, names, weights > 0.0)
    with libraries.one_thread():
        scaler = libraries.standard_scaler().fit(rows, sample_weight=weights)
        scaled = np.clip(scaler.transform(rows), -clip, clip)
        model = libraries.logistic_regression(
            C=1.0 / penalty, solver="newton-cholesky", tol=1e-10, max_iter=1_000
        ).fit(scaled, up.astype(np.int64), sample_weight=weights)
    return Linear(
        names=names,
        mean=np.array(scaler.mean_, dtype=np.float64),
        scale=np.array(scaler.scale_, dtype=np.float64),
        coefficients=np.array(model.coef_[0], dtype=np.float64),
        intercept=float(model.intercept_[0]),
        clip=float(clip),
        n=len(rows),
        mass=float(np.sum(weights)),
        settings={"penalty": float(penalty), "clip": float(clip)},
    )


def _checked(
    features: Mat, went_up: object, weight: object, names: tuple[str, ...]
) -> tuple[Mat, Vec, Vec]:
    """Return rows, labels and weights as float64, or raise ``ValueError``."""
    rows, up, weights = labelled(features, went_up, weight, names)
    is_fit = np.abs(rows) <= _MOST
    if not is_fit.all():
        f = int(np.argmax(~is_fit.all(axis=0)))
        raise ValueError(
            f"feature {names[f]!r} has a number that is not finite, or beyond {_MOST:g}; leave "
            "such rows out"
        )
    return rows, up, weights
