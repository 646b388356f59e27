"""Model sets: a folder of model files that were fitted together, bound by one signed manifest.

In: fits, and what they were made of. Out: a folder; and from a folder ``Fits``, whole, or a
``ModelFileError``. The manifest, ``set.model``, is a model file itself: signed, with the table of
features and the certificate of the data, it names every other file by its digest. The files bear
their digest in their name, so a set is replaced by writing the new ones beside the old, then the
manifest in one step: who reads meanwhile, or after a kill, reads the old set or the new one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from quorate.core.features.table import FEATURES
from quorate.core.types import Regime
from quorate.errors import ModelFileError
from quorate.lake import disk, locking
from quorate.research import keys, model_file, parts
from quorate.research.calibrate import Calibration
from quorate.research.fits import Fits
from quorate.research.linear import Linear
from quorate.research.meta import Meta
from quorate.research.model_file import SUFFIX, Loaded, Model
from quorate.research.trees import Trees

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from quorate.core.engines.base import Engine
    from quorate.core.features.table import Feature
    from quorate.core.types import Vec
    from quorate.research.calibrate import Uncalibrated
    from quorate.research.edge_map import FittedEdge
    from quorate.research.keys import Signer

MANIFEST = "set.model"
KIND = "model_set"
_FILE = re.compile(r"[a-z][a-z0-9_]*\.[0-9a-f]{16}\.model")
_OTHERS = ("calibrations", "edge_map")
_SETTINGS = {"members", "approved", "horizon_hours", "until"}
_RECIPE = "recipe"
_AGAIN = "fit again, or restore the whole folder from a backup"


class Voting(Protocol):
    """A fit that an engine can be made of."""

    def engine(
        self,
        *,
        name: str,
        family: str,
        approved: Iterable[Regime],
        hypothesis: str,
        least_edge: float,
    ) -> Engine:
        """Return the engine that votes with it."""


class _Kind(NamedTuple):
    """A kind of fit that votes: its type, to a model's parts, and back."""

    fit: type
    told: Callable[[Any], dict[str, Any]]
    back: Callable[[Model], Voting]


KINDS: Mapping[str, _Kind] = {
    "linear": _Kind(Linear, parts.of_linear, parts.linear),
    "meta": _Kind(Meta, parts.of_meta, parts.meta),
    "trees": _Kind(Trees, parts.of_trees, parts.trees),
}
"""Fits that vote, by the kind of their model file."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Voter:
    """A fit that votes, and the engine it is: as the ``engine`` of the fit takes them."""

    fit: Voting
    name: str
    family: str
    approved: frozenset[Regime]
    hypothesis: str
    least_edge: float = 0.0

    def engine(self) -> Engine:
        """Return the engine."""
        return self.fit.engine(
            name=self.name,
            family=self.family,
            approved=self.approved,
            hypothesis=self.hypothesis,
            least_edge=self.least_edge,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModelSet:
    """What is to be written as one set.

    Parameters
    ----------
    certificate : str
        Digest of the rows that all of it was fitted on, in hex (``api.learning.certificate_of``).
    horizon_hours : float
        The horizon of the labels.
    until : datetime
        When the last label had ended, aware: from here on the set is out of sample.
    voters : tuple of Voter
        Fits that vote.
    calibrations, strengths : Mapping
        By engine and regime; a fit that was none (``Uncalibrated``) is left out.
    edge : FittedEdge, optional
        The edge map.
    approved : Mapping of str to frozenset of Regime
        As of ``Fits``.
    recipe : Mapping
        What it was asked for: plain values, by which a registry knows a refit of the same.

    Notes
    -----
    Units: hours.  Causal: the data ended by ``until``.  Missing: a set may lack any part.
    """

    certificate: str
    horizon_hours: float
    until: datetime
    voters: tuple[Voter, ...] = ()
    calibrations: Mapping[tuple[str, Regime], Calibration | Uncalibrated] = field(
        default_factory=dict
    )
    strengths: Mapping[tuple[str, Regime], Vec] = field(default_factory=dict)
    edge: FittedEdge | None = None
    approved: Mapping[str, frozenset[Regime]] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)


def write(
    folder: Path, made: ModelSet, by: Signer | None = None, table: Sequence[Feature] = FEATURES
) -> str:
    """Write a model set and return its digest in hex; a set that is there is replaced whole.

    Parameters
    ----------
    folder : Path
        A folder of its own, made if missing.
    made : ModelSet
        What.
    by, table
        As ``model_file.write``.

    Raises
    ------
    ValueError
        It holds nothing, or what no run could read; nothing is written.
    ConfigError
        There is no key, or no library to sign with.
    DataError
        The disk refuses, or another process writes there; the set that was there stands.

    Notes
    -----
    Units: none.  Causal: no clock is read: the same set gives the same bytes.  Missing: none.
    """
    if made.until.tzinfo is None:
        raise ValueError("until has no zone; give an aware time, such as datetime(..., tzinfo=UTC)")
    if not made.horizon_hours > 0.0:
        raise ValueError(f"horizon_hours is {made.horizon_hours}; give the labels' horizon above 0")
    signed_by = keys.signer() if by is None else by
    held: dict[str, bytes] = {}
    members = []
    for told, about in _members(made):
        model = Model(certificate=made.certificate, **told)
        content, digest = model_file.packed(model, signed_by, table)
        stem = about.get("name", model.kind)
        file = f"{stem}.{digest[:16]}{SUFFIX}"
        held[file] = content
        members.append({"file": file, "kind": model.kind, "digest": digest, "engine": about})
    if not members and not made.approved:
        raise ValueError("a model set holds at least one fit")
    manifest = Model(
        kind=KIND,
        certificate=made.certificate,
        settings={
            "members": members,
            "approved": {name: _names(where) for name, where in sorted(made.approved.items())},
            "horizon_hours": float(made.horizon_hours),
            "until": made.until.astimezone(UTC).isoformat(),
            **({_RECIPE: dict(made.recipe)} if made.recipe else {}),
        },
    )
    content, digest = model_file.packed(manifest, signed_by, table)
    with locking.writing(folder):
        for file, member in held.items():
            disk.replace(folder / file, member)
        disk.replace(folder / MANIFEST, content)
        for path in folder.iterdir():
            if _FILE.fullmatch(path.name) and path.name not in held:
                path.unlink(missing_ok=True)
    return digest


def read(
    folder: Path,
    *,
    digest: str | None = None,
    trusted: Iterable[bytes] | None = None,
    table: Sequence[Feature] = FEATURES,
) -> Fits:
    """Read a model set, whole, or refuse it.

    Parameters
    ----------
    folder : Path
        From ``write``.
    digest : str, optional
        That of the set it must be.
    trusted, table
        As ``model_file.read``.

    Raises
    ------
    ModelFileError
        There is no set, or a file of it is missing, damaged, unsigned, of another key, of other
        data than the set, fitted on other features, or of a kind that no engine is made of.
    ConfigError
        There is no library to check the signature with, or the local key is not safe.

    Notes
    -----
    Units: none.  Causal: none.  Missing: refused.

    Examples
    --------
    >>> from pathlib import Path
    >>> read(Path("no-such-folder"))
    Traceback (most recent call last):
    quorate.errors.ModelFileError: no-such-folder holds no model set: it has no file set.model
      next: name the folder that a training wrote
    """
    known = None if trusted is None else tuple(trusted)
    while True:
        manifest = _manifest(folder, digest, known, table)
        try:
            return _whole(folder, manifest, known, table)
        except ModelFileError:
            # a new set may have been written meanwhile, and the files of this one be gone
            if _manifest(folder, None, known, table).digest == manifest.digest:
                raise


def _manifest(
    folder: Path,
    digest: str | None,
    trusted: tuple[bytes, ...] | None,
    table: Sequence[Feature],
) -> Loaded:
    path = folder / MANIFEST
    if not path.is_file():
        raise ModelFileError(
            f"{folder} holds no model set: it has no file {MANIFEST}",
            hint="name the folder that a training wrote",
        )
    found = model_file.read(path, kind=KIND, digest=digest, trusted=trusted, table=table)
    odd = (found.model.settings.keys() - {_RECIPE}) ^ _SETTINGS
    if odd:
        raise ModelFileError(
            f"{path} is the manifest of another version of Quorate: {', '.join(sorted(odd))}",
            hint="fit again with this version",
        )
    return found


def _whole(
    folder: Path, manifest: Loaded, trusted: tuple[bytes, ...] | None, table: Sequence[Feature]
) -> Fits:
    """Read every file that a manifest names."""
    told = manifest.model.settings
    engines: list[Engine] = []
    rest: dict[str, Model] = {}
    remarks = {*manifest.remarks}
    for member in told["members"]:
        path = folder / member["file"]
        if not _FILE.fullmatch(member["file"]):
            raise ModelFileError(f"{folder / MANIFEST} names {member['file']!r}", hint=_AGAIN)
        found = model_file.read(
            path,
            kind=member["kind"],
            digest=member["digest"],
            certificate=manifest.model.certificate,
            trusted=trusted,
            table=table,
        )
        remarks.update(found.remarks)
        if member["engine"]:
            engines.append(_voter(path, found.model, member["engine"]).engine())
        elif member["kind"] in _OTHERS:
            rest[member["kind"]] = found.model
        else:
            raise _unknown(path, member["kind"], _OTHERS)
    curves, edge = rest.get("calibrations"), rest.get("edge_map")
    return Fits(
        engines=tuple(engines),
        cells={} if curves is None else parts.cells_of(curves),
        edges=None if edge is None else parts.edge(edge).edges,
        approved={name: _regimes(where) for name, where in told["approved"].items()},
        horizon_hours=told["horizon_hours"],
        until=told["until"],
        certificate=manifest.model.certificate,
        digest=manifest.digest,
        recipe=told.get(_RECIPE, {}),
        remarks=tuple(sorted(remarks)),
        files=(folder / MANIFEST, *(folder / member["file"] for member in told["members"])),
    )


def _voter(path: Path, model: Model, about: Mapping[str, Any]) -> Voter:
    """Return the fit of a file with the engine it is."""
    kind = KINDS.get(model.kind)
    if kind is None:
        raise _unknown(path, model.kind, KINDS)
    given = dict(about)
    return Voter(fit=kind.back(model), approved=_regimes(given.pop("approved")), **given)


def _members(made: ModelSet) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return each fit as parts of a model, and what engine it is; empty for what is none."""
    names = [voter.name for voter in made.voters]
    if len(set(names)) < len(names):
        raise ValueError(f"fits that vote need names of their own, got {names}")
    found = []
    for voter in sorted(made.voters, key=lambda each: each.name):
        kinds = [kind for kind in KINDS.values() if isinstance(voter.fit, kind.fit)]
        if not kinds:
            raise ValueError(
                f"{voter.name} is a {type(voter.fit).__name__}; give one of {[*KINDS]}"
            )
        voter.engine()  # what no engine can be made of is not written
        about = {
            "name": voter.name,
            "family": voter.family,
            "approved": _names(voter.approved),
            "hypothesis": voter.hypothesis,
            "least_edge": voter.least_edge,
        }
        found.append((kinds[0].told(voter.fit), about))
    curves = {k: c for k, c in made.calibrations.items() if isinstance(c, Calibration)}
    if lacking := [key for key in curves if key not in made.strengths]:
        raise ValueError(f"{lacking[0]} has a calibration and no strengths; give those of its fit")
    if curves:
        found.append((parts.of_calibrations(curves, made.strengths), {}))
    if made.edge is not None:
        found.append((parts.of_edge(made.edge), {}))
    return found


def _unknown(path: Path, kind: str, known: Iterable[str]) -> ModelFileError:
    return ModelFileError(
        f"{path} is of kind {kind!r}, for which this version of Quorate has no use",
        hint=f"it reads {', '.join(known)}: fit one of these, or update Quorate",
    )


def _names(regimes: Iterable[Regime]) -> list[str]:
    return sorted(regime.name.lower() for regime in regimes)


def _regimes(names: Iterable[str]) -> frozenset[Regime]:
    known = {regime.name.lower(): regime for regime in Regime}
    if unknown := sorted(set(names) - set(known)):
        raise ModelFileError(
            f"the model set names the regime {unknown[0]!r}; there are {', '.join(known)}",
            hint="fit again with this version",
        )
    return frozenset(known[name] for name in names)
