"""A model set is read whole or refused, and replaced whole or not at all."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import numpy as np
import pytest
from tests.unit.research.fitted import CERTIFICATE, KEY, NAMES, edge, made, model, voter, votes

from quorate.core.engines.base import Rows
from quorate.core.features.table import FEATURES
from quorate.core.types import Regime
from quorate.errors import DataError, ModelFileError
from quorate.lake import disk
from quorate.research import (
    boosting,
    calibrate,
    container,
    keys,
    meta,
    model_file,
    model_set,
    parts,
    trees,
)
from quorate.research.fits import Fits
from quorate.research.model_file import Model
from quorate.research.model_set import MANIFEST, ModelSet, read, write


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("QUORATE_CONFIG_DIR", str(tmp_path / "config"))


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "models", made())
    return tmp_path / "models"


def files(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != "lock")


def member(folder, stem):
    (found,) = folder.glob(f"{stem}.*.model")
    return found


def resigned(folder, by=None, **change):
    """Write the manifest anew with other settings, signed as ever."""
    held = model_file.read(folder / MANIFEST).model
    given = {"kind": held.kind, "certificate": held.certificate}
    given["settings"] = dict(held.settings) | change.pop("settings", {})
    model_file.write(folder / MANIFEST, Model(**(given | change)), by)


def test_what_is_read_is_what_was_written(folder):
    fits, wanted = read(folder), made()
    (engine,) = fits.engines
    rows = Rows(np.random.default_rng(2).normal(size=(9, 2, 3)), ("ret_z_1h", "ret_24h"))
    for one, other in zip(engine.vote(rows), voter().engine().vote(rows), strict=True):
        assert one.tobytes() == other.tobytes()
    for name in ("name", "family", "approved", "hypothesis"):
        assert getattr(engine, name) == getattr(voter(), name)
    table = calibrate.cells(wanted.calibrations, wanted.strengths, ["ema_cross"])
    assert fits.cells.keys() == {"ema_cross"}
    assert fits.cells["ema_cross"].tobytes() == table[0].tobytes()
    assert fits.n_cells == 2  # the votes fell in two buckets
    for one, other in zip(fits.edges, wanted.edge.edges, strict=True):
        assert one.tobytes() == other.tobytes()
    assert fits.approved == {"vwap_reversion": frozenset()}
    assert (fits.horizon_hours, fits.certificate) == (4.0, CERTIFICATE)
    assert datetime.fromisoformat(fits.until) == wanted.until
    assert fits.remarks == ()


def test_the_same_set_is_the_same_bytes(folder, tmp_path):
    again = write(tmp_path / "again", made())
    assert again == read(folder).digest
    assert files(folder) == files(tmp_path / "again")
    for path in fits_files(folder):
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def fits_files(folder):
    found = read(folder).files
    assert found[0].name == MANIFEST
    assert sorted(path.name for path in found) == files(folder)
    return found


@pytest.mark.parametrize("lacking", ["voters", "calibrations", "edge", "approved"])
def test_a_set_may_lack_any_part(tmp_path, lacking):
    empty = {"voters": (), "calibrations": {}, "edge": None, "approved": {}}[lacking]
    write(tmp_path / "models", made(**{lacking: empty}))
    fits = read(tmp_path / "models")
    told = (bool(fits.engines), bool(fits.cells), fits.edges is not None, bool(fits.approved))
    assert told.count(False) == 1


def test_what_could_not_be_calibrated_is_left_out(tmp_path):
    few = calibrate.fit(votes(n=50))
    write(tmp_path / "models", made(calibrations={KEY: few}))
    assert read(tmp_path / "models").cells == {}


LEFT = {
    "unsigned": lambda held: held[:-96] + bytes(96),
    "no seal": lambda held: held[:-64],
    "no key": lambda held: held[:-96],
}
"""What is left of a file without its signature."""


@pytest.mark.parametrize("stem", ["set", "logit_hour", "calibrations", "edge_map"])
@pytest.mark.parametrize(
    "harm", ["cut", "flipped", "gone", "unsigned", "no seal", "no key", "stranger"]
)
def test_a_set_with_one_bad_file_is_refused_whole(folder, tmp_path, stem, harm):
    path = folder / MANIFEST if stem == "set" else member(folder, stem)
    held = path.read_bytes()
    if harm == "cut":
        path.write_bytes(held[:-7])
    elif harm == "flipped":
        path.write_bytes(held[:200] + bytes([held[200] ^ 1]) + held[201:])
    elif harm == "gone":
        path.unlink()
    elif harm in LEFT:
        path.write_bytes(LEFT[harm](held))
    else:
        by = keys.signer(tmp_path / "other")
        model_file.write(path, model_file.read(path).model, by)
    said = {
        "cut": "damaged or cut short",
        "flipped": "damaged or cut short",
        "gone": "holds no model set" if stem == "set" else "cannot be read",
        "unsigned": "is not signed: nobody vouches",
        "no seal": "is not signed: nobody vouches",
        "no key": "is not signed: nobody vouches",
        "stranger": "is signed by the key",
    }[harm]
    with pytest.raises(ModelFileError, match=said) as caught:
        read(folder)
    assert (MANIFEST if stem == "set" else path.name) in str(caught.value)
    assert caught.value.hint


def test_a_set_of_a_key_that_is_trusted_is_read(tmp_path):
    by = keys.signer(tmp_path / "other")
    digest = write(tmp_path / "models", made(), by)
    with pytest.raises(ModelFileError, match="is signed by the key"):
        read(tmp_path / "models")
    assert read(tmp_path / "models", trusted=iter([by.public])).digest == digest


def test_a_file_in_anothers_place_is_refused(folder, tmp_path):
    write(tmp_path / "other", made(voters=(voter(fit=model(seed=2)),)))
    theirs = member(tmp_path / "other", "logit_hour")
    member(folder, "logit_hour").write_bytes(theirs.read_bytes())
    with pytest.raises(ModelFileError, match="the one asked for is"):
        read(folder)


def test_a_set_of_other_features_names_them(folder):
    other = (FEATURES[0]._replace(meaning="another"), *FEATURES[1:])
    said = f"'{FEATURES[0].name}' is defined anew"
    with pytest.raises(ModelFileError, match=said):
        read(folder, table=other)


def test_another_set_than_asked_for_is_refused(folder):
    digest = read(folder).digest
    assert read(folder, digest=digest).digest == digest
    with pytest.raises(ModelFileError, match="the one asked for is"):
        read(folder, digest="0" * 64)


def test_a_member_of_other_data_is_refused(folder):
    resigned(folder, certificate="cd" * 32)
    with pytest.raises(ModelFileError, match=r"the certificate of .* is abab"):
        read(folder)


def test_a_member_without_its_data_is_refused(folder):
    path = member(folder, "edge_map")
    found = container.unpack(path.read_bytes(), "it", keys.trusted())
    held, digest = container.pack(
        found.header | {"certificate": ""}, found.arrays, found.blobs, keys.signer()
    )
    disk.replace(path, held)
    told = model_file.read(folder / MANIFEST).model.settings["members"]
    members = [each | {"digest": digest} if each["kind"] == "edge_map" else each for each in told]
    resigned(folder, settings={"members": members})
    with pytest.raises(ModelFileError, match="its certificate is missing"):
        read(folder)


def test_a_kind_that_no_engine_is_made_of_is_refused(folder, monkeypatch):
    monkeypatch.setattr(model_set, "KINDS", {"trees": None})
    with pytest.raises(ModelFileError, match="is of kind 'linear', for which") as caught:
        read(folder)
    assert "it reads trees" in str(caught.value)


def test_a_manifest_of_another_version_is_refused(folder):
    resigned(folder, settings={"weights": {}})
    with pytest.raises(ModelFileError, match="manifest of another version of Quorate: weights"):
        read(folder)


def test_a_name_that_leads_out_of_the_folder_is_refused(folder, tmp_path):
    told = model_file.read(folder / MANIFEST).model.settings["members"]
    path = member(folder, "edge_map")
    path.rename(tmp_path / path.name)
    members = [each | {"file": f"../{each['file']}"} for each in told]
    resigned(folder, settings={"members": members})
    with pytest.raises(ModelFileError, match=r"names '\.\./"):
        read(folder)


def test_an_unknown_regime_is_refused(folder):
    resigned(folder, settings={"approved": {"ema_cross": ["storm"]}})
    with pytest.raises(ModelFileError, match="names the regime 'storm'"):
        read(folder)


def test_no_set_is_said_so(tmp_path):
    with pytest.raises(ModelFileError, match=r"holds no model set: it has no file set\.model"):
        read(tmp_path)


def test_a_set_is_replaced_and_the_old_files_go(folder):
    before = read(folder)
    mine = folder / "notes.txt"
    mine.write_text("mine")
    digest = write(folder, made(edge=edge(slope=0.5)))
    after = read(folder)
    assert after.digest == digest != before.digest
    assert files(folder) == sorted([*(path.name for path in after.files), "notes.txt"])


@pytest.mark.parametrize("at", range(5))
def test_a_writer_that_dies_leaves_the_old_set_or_the_new_one(folder, monkeypatch, at):
    """Stopped before each of its steps: three members, the manifest, and after them."""
    old, steps = read(folder).digest, []

    def replace(path, held, real=disk.replace):
        if len(steps) == at:
            raise DataError("the disk is full")
        steps.append(path.name)
        real(path, held)

    monkeypatch.setattr(model_set.disk, "replace", replace)
    changed = made(voters=(voter(fit=model(seed=2)),), edge=edge(slope=0.5))
    if at < 4:
        with pytest.raises(DataError):
            write(folder, changed)
        assert read(folder).digest == old
    else:
        assert write(folder, changed) == read(folder).digest != old
        assert steps[-1] == MANIFEST


def test_who_reads_while_a_set_is_replaced_reads_one_of_them(folder, monkeypatch):
    """The manifest is read, then the set is replaced under the reader's hands."""
    new = made(voters=(voter(fit=model(seed=2)),), edge=edge(slope=0.5))
    real, digests = model_file.read, [read(folder).digest]

    def slow(path, **asked):
        found = real(path, **asked)
        if len(digests) == 1:
            digests.append(write(folder, new))
        return found

    monkeypatch.setattr(model_set.model_file, "read", slow)
    assert read(folder).digest == digests[1] != digests[0]


def test_a_second_writer_is_told_to_wait(folder):
    with (
        model_set.locking.writing(folder),
        pytest.raises(DataError, match="is being written by another"),
    ):
        write(folder, made())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"until": datetime(2024, 1, 5)}, "until has no zone"),  # noqa: DTZ001  (that is the case)
        ({"horizon_hours": 0.0}, "horizon_hours is 0.0"),
        ({"voters": (voter(), voter())}, "names of their own"),
        ({"voters": (voter(name="Bad Name"),)}, "must match"),
        ({"voters": (dataclasses.replace(voter(), fit=Fits()),)}, "is a Fits; give one of"),
        ({"strengths": {}}, "has a calibration and no strengths"),
        ({"certificate": ""}, "give the digest of the rows it was fitted"),
    ],
)
def test_what_no_run_could_read_is_not_written(tmp_path, change, said):
    with pytest.raises(ValueError, match=said):
        write(tmp_path / "models", made(**change))
    assert not (tmp_path / "models").exists()


def test_a_set_of_nothing_is_not_written(tmp_path):
    nothing = ModelSet(
        certificate=CERTIFICATE, horizon_hours=4.0, until=datetime(2024, 1, 5, tzinfo=UTC)
    )
    with pytest.raises(ValueError, match="at least one fit"):
        write(tmp_path / "models", nothing)


def grown():
    draw = np.random.default_rng(2)
    rows = draw.normal(size=(400, 2)) * (1.0, 0.03)
    few = boosting.Settings(n_trees=3, least_mass=5.0)
    return trees.fit(rows, rows[:, 0] > 0.0, NAMES, settings=few)


def gated():
    return meta.Meta(meta.built_in("ema_cross"), model())


FITS = {"linear": model, "meta": gated, "trees": grown}
"""A fit of every kind that votes."""


def test_every_kind_that_votes_is_told_and_read_back():
    assert model_set.KINDS.keys() == FITS.keys()
    for kind, of in model_set.KINDS.items():
        told = of.told(FITS[kind]())
        assert told["kind"] == kind
        back = of.back(Model(certificate=CERTIFICATE, **told))
        assert isinstance(back, of.fit)
        given = {"family": "model", "approved": [Regime.TREND], "hypothesis": "", "least_edge": 0.0}
        assert back.engine(name="mine", **given).name == "mine"


def test_calibrations_without_cells_are_refused():
    told = parts.of_calibrations(made().calibrations)
    with pytest.raises(ModelFileError, match="curves and no table of cells"):
        parts.cells_of(Model(certificate=CERTIFICATE, **told))
