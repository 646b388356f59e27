"""Fits as the arrays and settings of a model file, and back.

In: a linear model, trees, an edge map, or calibrations by engine and regime. Out: keywords of
``model_file.Model``; and from a loaded model the same fit again, its numbers bit by bit.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.core.consensus.edge_map import EdgeMap
from quorate.core.consensus.fitted import Kind
from quorate.core.types import Regime
from quorate.errors import ModelFileError
from quorate.research import libraries
from quorate.research.calibrate import Calibration, cells
from quorate.research.edge_map import FittedEdge
from quorate.research.linear import Linear
from quorate.research.meta import Meta, built_in, rule_digest
from quorate.research.murphy import Murphy
from quorate.research.trees import Trees

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.core.types import Mat, Vec
    from quorate.research.model_file import Model

_CURVE = ("coefficients", "knots", "values", "highs")
_COUNTS = ("n", "mass", "n_floored", "n_capped")


def of_linear(fit: Linear) -> dict[str, Any]:
    """Return a linear model's kind, arrays, reads and settings.

    Examples
    --------
    >>> one = np.ones(1)
    >>> told = of_linear(Linear(("adx",), 0.0 * one, one, one.copy(), 0.5, 10.0, 9, 9.0, {}))
    >>> told["kind"], told["reads"], sorted(told["arrays"])
    ('linear', ('adx',), ['coefficients', 'mean', 'scalars', 'scale'])
    """
    return {
        "kind": "linear",
        "reads": fit.names,
        "arrays": {
            "mean": fit.mean,
            "scale": fit.scale,
            "coefficients": fit.coefficients,
            "scalars": np.array([fit.intercept, fit.clip, fit.mass]),
        },
        "settings": {"n": fit.n, "fit": dict(fit.settings)},
    }


def linear(model: Model) -> Linear:
    """Return the linear model of a loaded file."""
    _expect(model, "linear")
    intercept, clip, mass = model.arrays["scalars"].tolist()
    return Linear(
        names=model.reads,
        mean=model.arrays["mean"],
        scale=model.arrays["scale"],
        coefficients=model.arrays["coefficients"],
        intercept=intercept,
        clip=clip,
        n=model.settings["n"],
        mass=mass,
        settings=dict(model.settings["fit"]),
    )


def of_trees(fit: Trees) -> dict[str, Any]:
    """Return the kind, arrays, reads, settings and libraries of boosted trees.

    Examples
    --------
    >>> place, number = np.zeros((1, 1), np.uint16), np.zeros((1, 3), np.float32)
    >>> told = of_trees(Trees(("adx",), ("adx",), place, number, 0.5, 9, 9.0, "3.2.0", {}))
    >>> told["kind"], told["reads"], sorted(told["arrays"]), told["libraries"]["xgboost"]
    ('trees', ('adx',), ['number', 'place', 'scalars'], '3.2.0')
    """
    return {
        "kind": "trees",
        "reads": fit.names,
        "arrays": {
            "place": fit.place,
            "number": fit.number,
            "scalars": np.array([fit.base, fit.mass]),
        },
        "settings": {"n": fit.n, "offered": list(fit.offered), "fit": dict(fit.settings)},
        "libraries": libraries.versions() | {"xgboost": fit.library},
    }


def trees(model: Model) -> Trees:
    """Return the boosted trees of a loaded file; XGBoost is not needed."""
    _expect(model, "trees")
    base, mass = model.arrays["scalars"].tolist()
    try:
        return Trees(
            names=model.reads,
            offered=tuple(model.settings["offered"]),
            place=model.arrays["place"],
            number=model.arrays["number"],
            base=base,
            n=model.settings["n"],
            mass=mass,
            library=model.libraries["xgboost"],
            settings=dict(model.settings["fit"]),
        )
    except ValueError as error:
        raise ModelFileError(
            f"the model's trees cannot be walked: {error}", hint="fit again"
        ) from error


def of_meta(fit: Meta) -> dict[str, Any]:
    """Return the parts of a model of whether a rule pays: those of its fit, and which rule."""
    inner = of_trees(fit.pays) if isinstance(fit.pays, Trees) else of_linear(fit.pays)
    rule = {"name": fit.rule.name, "digest": rule_digest(fit.rule)}
    told = {"pays": inner["kind"], "rule": rule, "cost_bps": fit.cost_bps}
    return inner | {"kind": "meta", "settings": told | {"fit": inner["settings"]}}


def meta(model: Model) -> Meta:
    """Return the meta-model of a loaded file, or refuse one of a rule that is another now."""
    _expect(model, "meta")
    told = model.settings
    name, digest = told["rule"]["name"], told["rule"]["digest"]
    rule = built_in(name)
    if rule is None or rule_digest(rule) != digest:
        what = "is no longer built in" if rule is None else "votes otherwise than it did then"
        raise ModelFileError(
            f"the model says when {name} pays, and {name} {what}", hint="fit again"
        )
    inner = replace(model, kind=told["pays"], settings=told["fit"])
    # what is neither is refused by its kind
    pays = trees(inner) if inner.kind == "trees" else linear(inner)
    return Meta(rule, pays, told["cost_bps"])


def of_edge(fit: FittedEdge) -> dict[str, Any]:
    """Return an edge map's kind, arrays and settings."""
    return {
        "kind": "edge_map",
        "arrays": {
            **fit.edges._asdict(),
            "mean": fit.mean,
            "error": fit.error,
            "slopes": fit.slopes,
            "n": fit.n.astype(np.int64),
            "n_blocks": fit.n_blocks.astype(np.int64),
        },
        "settings": {"z": fit.z, "horizon_days": fit.horizon_days},
    }


def edge(model: Model) -> FittedEdge:
    """Return the edge map of a loaded file."""
    _expect(model, "edge_map")
    held: dict[str, Any] = dict(model.arrays)
    edges = EdgeMap(*(held.pop(name) for name in EdgeMap._fields))
    return FittedEdge(edges=edges, **held, **model.settings)


def of_calibrations(
    found: Mapping[tuple[str, Regime], Calibration],
    strengths: Mapping[tuple[str, Regime], Vec] | None = None,
) -> dict[str, Any]:
    """Return the kind, arrays and settings of calibrations by engine and regime.

    What is uncalibrated is left out: a missing one is the streaming calibration. With the
    strengths that each fit was made of, the table that a run reads (``calibrate.cells``) goes with
    the curves.
    """
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    engines = sorted({engine for engine, _ in found})
    if strengths is not None:
        arrays["cells"] = cells(found, strengths, engines)
    curves = {}
    for engine, regime in sorted(found):
        one, key = found[engine, regime], f"{engine}.{regime.name.lower()}"
        arrays |= {f"{key}.{name}": getattr(one, name) for name in _CURVE}
        arrays[f"{key}.brier"] = np.array([one.before, one.after])
        curves[key] = {
            "kind": one.kind.name.lower(),
            "n": one.n,
            "mass": one.mass,
            "n_floored": one.n_floored,
            "n_capped": one.n_capped,
        }
    return {
        "kind": "calibrations",
        "arrays": arrays,
        "settings": {"curves": curves, "engines": engines},
    }


def calibrations(model: Model) -> dict[tuple[str, Regime], Calibration]:
    """Return the calibrations of a loaded file, by engine and regime."""
    _expect(model, "calibrations")
    found = {}
    for key, told in model.settings["curves"].items():
        engine, _, regime = key.rpartition(".")
        before, after = (Murphy(*row) for row in model.arrays[f"{key}.brier"].tolist())
        curve: dict[str, Any] = {name: model.arrays[f"{key}.{name}"] for name in _CURVE}
        counts: dict[str, Any] = {name: told[name] for name in _COUNTS}
        found[engine, Regime[regime.upper()]] = Calibration(
            **curve,
            **counts,
            kind=Kind[told["kind"].upper()],
            before=before,
            after=after,
        )
    return found


def cells_of(model: Model) -> dict[str, Vec]:
    """Return the probabilities that a run reads of loaded calibrations, by engine, shape (cell,).

    Raises
    ------
    ModelFileError
        The file has the curves alone: which votes fell in a cell is not known.
    """
    _expect(model, "calibrations")
    if "cells" not in model.arrays:
        raise ModelFileError(
            "the calibrations have curves and no table of cells, which a run reads",
            hint="write them with the strengths that they were fitted to",
        )
    table: Mat = model.arrays["cells"]
    return dict(zip(model.settings["engines"], table, strict=True))


def _expect(model: Model, kind: str) -> None:
    if model.kind != kind:
        raise ModelFileError(
            f"the model is of kind {model.kind}, asked for is {kind}",
            hint="name the file that was meant",
        )
