"""Boosted trees: grown by XGBoost, evaluated by our own kernel, bit by bit as the library does.

In: rows of features of one training fold, which way each went, and how unique each label is. Out:
``Trees``, frozen numbers, and the ``Engine`` that votes with them. Which trees help is learnt, if
asked for, on the last rows of the same fold, never on rows drawn at random: neighbours in time
share their returns.

The library's prediction takes a tenth of a millisecond for one row, most of it to get there. The
kernel (``core.engines.trees``) takes a few microseconds and needs no library where it votes; every
fit is compared with the library's own prediction before it is handed out.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from quorate.core.engines import trees as kernels
from quorate.core.engines.base import Rows
from quorate.core.features.table import FEATURES
from quorate.errors import ResearchError, TooLittleHistoryError
from quorate.records import canonical_json
from quorate.research import boosting, libraries
from quorate.research.boosting import Settings
from quorate.research.sample import check_known, labelled, varying

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from quorate.core.engines.base import Engine
    from quorate.core.engines.trees import Forest, PlaceMat, SingleMat
    from quorate.core.features.table import Feature
    from quorate.core.types import IntVec, Mat, Regime, Vec

Mask: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.bool_]]"

_COMPARED = 4_096
"""Rows on which a fit is compared with the library's prediction."""


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    r"""Fitted boosted trees.

    .. math:: P(up) = \sigma\Bigl(b + \sum_t leaf_t(x)\Bigr)

    Parameters
    ----------
    names : tuple of str
        The features that some tree asks for.
    offered : tuple of str
        Those that the fit could choose from: what varied.
    place, number : PlaceMat, SingleMat
        The trees, as of ``core.engines.trees.Forest``.
    base : float
        Log odds before the first tree, a float32.
    n, mass : int, float
        Rows of the fit, and labels of their own they come to.
    library : str
        Version of XGBoost that grew them.
    settings : Mapping of str to float
        What the fit was asked for, and what it counted.

    Notes
    -----
    Units: log odds.  Causal: a row at a time.  Missing: goes the way the fit learnt; the engine
    abstains.
    """

    names: tuple[str, ...]
    offered: tuple[str, ...]
    place: PlaceMat
    number: SingleMat
    base: float
    n: int
    mass: float
    library: str
    settings: Mapping[str, float]
    _forest: Forest = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_forest", self.packed())
        object.__setattr__(self, "place", self._forest.place)
        object.__setattr__(self, "number", self._forest.number)

    def __reduce__(self) -> tuple[type[Trees], tuple[object, ...]]:  # type: ignore[explicit-override]
        """Return what it is made of, so that what another process gets is packed as well."""
        return Trees, tuple(getattr(self, each.name) for each in fields(self) if each.init)

    def packed(self, least_edge: float = 0.0) -> Forest:
        """Return the trees as the kernels read them."""
        return kernels.pack(self.place, self.number, self.base, least_edge, len(self.names))

    def margin(self, rows: Rows) -> SingleMat:
        """Return the log odds that each coin rises, float32, shape (time, coin)."""
        return self._scanned(rows, is_prob=False).astype(np.float32)

    def prob_up(self, rows: Rows) -> Mat:
        """Return the probability that each coin rises, shape (time, coin).

        Examples
        --------
        >>> place, number = np.zeros((1, 1), np.uint16), np.array([[0.0, -1.0, 1.0]], np.float32)
        >>> model = Trees(("adx",), ("adx",), place, number, 0.0, 9, 9.0, "3.2.0", {})
        >>> model.prob_up(Rows(np.array([[[-1.0, 1.0, np.nan]]]), ("adx",))).round(3).tolist()
        [[0.269, 0.731, 0.269]]
        """
        return self._scanned(rows, is_prob=True)

    def engine(
        self,
        *,
        name: str,
        family: str,
        approved: Iterable[Regime],
        hypothesis: str,
        least_edge: float = 0.0,
    ) -> Engine:
        """Return the engine that votes with the trees.

        Parameters
        ----------
        name, family, approved, hypothesis
            As in ``Engine``.
        least_edge : float
            It abstains where 2p - 1 of the likelier side is below this, in [0, 1).

        Notes
        -----
        Units: strength is a probability.  Causal: a row at a time.  Missing: NaN in a feature that
        some tree asks for abstains.  METHODS 0.1.
        """
        return kernels.build(
            name=name,
            family=family,
            approved=approved,
            reads=self.names,
            forest=self.packed(least_edge),
            hypothesis=hypothesis,
            reference=f"{len(self.place)} boosted trees on {self.n} rows, {self.mass:.0f} labels "
            "of their own",
        )

    def digest(self) -> str:
        """Return the SHA-256 of what the model says: names, numbers and settings, in hex."""
        head = {
            "names": self.names,
            "offered": self.offered,
            "settings": dict(self.settings),
            "n": self.n,
            "shape": self.place.shape,
        }
        made = hashlib.sha256(canonical_json(head).encode())
        place, number, scalars = self._forest
        for held in (place.astype("<u2"), number.astype("<f4"), scalars.astype("<f8")):
            made.update(held.tobytes())
        return made.hexdigest()

    def _scanned(self, rows: Rows, *, is_prob: bool) -> Mat:
        told = np.empty(rows.shape)
        kernels.scan(rows.values, rows.columns(self.names), *self._forest, is_prob, told)
        return told


def fit(
    features: Mat,
    went_up: object,
    names: tuple[str, ...],
    weight: object = None,
    *,
    settings: Settings | None = None,
    begun_k: object = None,
    ended_k: object = None,
    as_of_k: int | None = None,
    table: Sequence[Feature] = FEATURES,
) -> Trees:
    """Grow boosted trees on the rows of one fold.

    Parameters
    ----------
    features : Mat
        Shape (row, feature); NaN is missing, and each question learns which way it goes.
    went_up : array_like
        1 or True where the return over the label was above 0, shape (row,).
    names : tuple of str
        Of the features, in their order; each in the table.
    weight : array_like, optional
        Uniqueness of each label, in (0, 1]; 1 where not given. Rows of weight 0 are dropped.
    settings : Settings, optional
        The defaults where not given.
    begun_k : array_like, optional
        Bar counter at which each label began (``Labels.start_k``); needed where
        ``settings.later_frac`` is above 0.
    ended_k, as_of_k
        As of ``sample``; ``Labels.end_k``, and the bar of the fit.
    table : sequence of Feature
        The features there are.

    Returns
    -------
    Trees

    Raises
    ------
    ValueError
        Shapes differ, a label or weight is none, a feature is infinite or unknown.
    LeakageError
        A label ends after the fit.
    TooLittleHistoryError
        There are too few labels for two leaves.
    ResearchError
        All labels went one way, no feature varies, or no tree found anything to ask.
    ConfigError
        XGBoost is not installed.

    Notes
    -----
    Units: log odds.  Causal: as the rows; trees are counted on the last of them, by time, with
    purged rows between.  Missing: NaN allowed.  METHODS 5.2, 5.3.
    Deterministic: the same rows in the same order give the same bytes under the same library: one
    thread, one seed. A feature that does not vary is left out before features are drawn for a tree:
    the model is that of the others, to the byte. Reference: T. Chen, C. Guestrin (2016), "XGBoost:
    a scalable tree boosting system".

    Examples
    --------
    >>> x = np.linspace(-1.0, 1.0, 1_000)[:, None]
    >>> model = fit(x, x[:, 0] > 0.3, ("ret_24h",), settings=Settings(n_trees=50, depth=1))
    >>> model.prob_up(Rows(np.array([[[0.9, -0.9]]]), ("ret_24h",))).round(2).tolist()
    [[0.87, 0.07]]
    """
    asked = settings or Settings()
    _known(names, table)
    rows, up, weights = labelled(features, went_up, weight, names)
    check_known(ended_k, as_of_k, len(rows))
    kept = weights > 0.0
    if not kept.all():
        rows, up, weights = rows[kept], up[kept], weights[kept]
    _enough(rows, up, weights, names, asked)
    rows, names = varying(rows, names)
    told, n_trees = asked.told(), asked.n_trees
    if asked.later_frac > 0.0:
        begun, ended = _spans(begun_k, ended_k, kept)
        counted = boosting.count_trees(rows, up, weights, asked, begun, ended)
        told |= counted._asdict()
        n_trees = counted.n_trees
    booster = boosting.grow(rows, up, weights, asked, n_trees)
    place, number, used = boosting.laid_out(booster)
    if not used.size:
        raise ResearchError(
            f"{n_trees} trees on {len(rows)} rows found no question that two leaves of "
            f"{asked.least_mass:g} labels answer differently",
            hint="train on a longer history, on other features, or with a smaller least_mass",
        )
    found = Trees(
        names=tuple(names[f] for f in used),
        offered=names,
        place=place,
        number=number,
        base=boosting.base(asked, up, weights),
        n=len(rows),
        mass=float(np.sum(weights)),
        library=libraries.boosting().__version__,
        settings=told,
    )
    some = rows[:: -(-len(rows) // _COMPARED)]
    cube = np.ascontiguousarray(some[:, :, None])
    ours = found.margin(Rows(cube, names))[:, 0]
    if ours.tobytes() != boosting.margins(booster, some).tobytes():
        raise ResearchError(
            f"the trees of XGBoost {found.library} do not say in our kernel what they say there",
            hint="install a version of XGBoost that this version of Quorate was tested with",
        )
    return found


def _known(names: tuple[str, ...], table: Sequence[Feature]) -> None:
    """Raise ``ValueError`` where a name is not in the table."""
    known = [feature.name for feature in table]
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.0)
            raise ValueError(f"unknown feature {name!r}; the nearest known name is {near[0]!r}")


def _enough(rows: Mat, up: Vec, weights: Vec, names: tuple[str, ...], asked: Settings) -> None:
    """Raise where there is nothing that trees could be grown on."""
    with np.errstate(over="ignore"):
        is_odd = np.isinf(rows.astype(np.float32))
    if is_odd.any():
        name = names[int(np.argmax(is_odd.any(axis=0)))]
        raise ValueError(
            f"feature {name!r} has a number that is infinite as a float32; leave such rows out"
        )
    if len(np.unique(up)) < 2:
        raise ResearchError(
            f"all of {len(up)} labels went one way, so there is nothing to tell apart",
            hint="train on a longer history, or check the labels",
        )
    mass = float(np.sum(weights))
    if mass < 2.0 * asked.least_mass:
        raise TooLittleHistoryError(
            f"{len(up)} rows come to {mass:.1f} labels of their own; two leaves of "
            f"{asked.least_mass:g} need {2.0 * asked.least_mass:g}",
            hint="train on a longer history, or with a smaller least_mass",
        )


def _spans(begun_k: object, ended_k: object, kept: Mask) -> tuple[IntVec, IntVec]:
    """Return first and last bars of the kept labels, or raise ``ValueError``."""
    if begun_k is None or ended_k is None:
        raise ValueError("give begun_k and ended_k with later_frac: trees are counted by time")
    begun, ended = np.asarray(begun_k), np.asarray(ended_k)
    if begun.shape != kept.shape or begun.dtype.kind not in "iu" or (ended < begun).any():
        raise ValueError(
            f"begun_k is {begun.dtype} of shape {begun.shape}; give {len(kept)} bar counters, none "
            "after the end of its label"
        )
    return begun[kept].astype(np.int64), ended[kept].astype(np.int64)
