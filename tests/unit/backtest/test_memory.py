"""A memory comes back from its file byte for byte, or is refused with the reason."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.parity.market import case, differing, leaves

from quorate.backtest import memory as files
from quorate.backtest import run
from quorate.backtest.axes import Axes
from quorate.backtest.memory import MIGRATIONS, VERSION, Content, axes_of, restore, save
from quorate.errors import DataError
from quorate.lake.synthetic import synthetic

if TYPE_CHECKING:
    from pathlib import Path

CASE = case(synthetic(n_coins=4, days=1))
NAMES = tuple(engine.name for engine in CASE.machine.engines)
AXES = Axes(CASE.panel.symbols, NAMES, CASE.panel.venue_names)


def scrambled(seed: int = 0) -> run.Memory:
    """Return a memory in which no two numbers are alike, unknown ones among them."""
    memory = CASE.begin()
    generator = np.random.default_rng(seed)
    for array in leaves(memory).values():
        array[...] = generator.integers(-100, 100, array.shape)
        if array.dtype == np.float64:
            array[generator.random(array.shape) < 0.2] = np.nan
    return memory


def rewritten(path: Path, **changes: Any) -> None:
    """Write a file again with some arrays changed; None leaves one out."""
    with np.load(path) as file:
        content: dict[str, Any] = {**{name: file[name] for name in file.files}, **changes}
    with path.open("wb") as stream:
        np.savez(stream, **{name: a for name, a in content.items() if a is not None})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save(scrambled(), AXES, tmp_path / "deep" / "memory.npz")
    return tmp_path / "deep" / "memory.npz"


def test_it_comes_back_byte_for_byte(path: Path) -> None:
    like = CASE.begin()
    found = restore(path, like, AXES)
    assert isinstance(found, run.Memory)
    assert differing(leaves(found), leaves(scrambled())) == []
    assert all(a.flags.writeable and a.flags.c_contiguous for a in leaves(found).values())
    assert differing(leaves(like), leaves(CASE.begin())) == []


def test_the_file_says_its_axes_and_its_version(path: Path) -> None:
    assert axes_of(path) == AXES
    with np.load(path) as file:
        assert file["schema_version"].tolist() == [VERSION]


def test_the_same_memory_gives_the_same_file_and_leaves_no_other(path: Path) -> None:
    before = path.read_bytes()
    save(scrambled(), AXES, path)
    assert path.read_bytes() == before
    save(scrambled(1), AXES, path)
    assert path.read_bytes() != before
    assert [each.name for each in path.parent.iterdir()] == ["memory.npz"]


def test_a_disk_that_refuses_leaves_the_old_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match=r"was not written: No space(.|\n)*free disk space"):
        save(scrambled(1), AXES, path)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["memory.npz"]


def test_names_that_do_not_fit_are_refused_before_writing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give the axes the memory was begun with"):
        save(scrambled(), AXES._replace(symbols=("BTC",)), tmp_path / "memory.npz")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["symbols", "engines"])
def test_another_order_of_names_is_refused(kind: str, path: Path) -> None:
    other = AXES._replace(**{kind: getattr(AXES, kind)[::-1]})
    with pytest.raises(DataError, match=rf"as {kind}, not (.|\n)*then remap"):
        restore(path, CASE.begin(), other)


def test_other_windows_are_refused(path: Path) -> None:
    short = case(CASE.panel, consensus={"window": 50})
    with pytest.raises(DataError, match=r"consensus\.score\.ring as float64 \(100, 4\), it must"):
        restore(path, short.begin(), AXES)


def test_another_type_is_refused(path: Path) -> None:
    rewritten(path, sigma_daily=np.zeros(4, np.float32))
    with pytest.raises(DataError, match="sigma_daily as float32"):
        restore(path, CASE.begin(), AXES)


@pytest.mark.parametrize("changes", [{"sigma_daily": None}, {"stranger": np.zeros(1)}])
def test_arrays_that_lack_or_are_too_many_are_refused(changes: dict[str, Any], path: Path) -> None:
    rewritten(path, **changes)
    with pytest.raises(DataError, match=rf"differ in the arrays \['{next(iter(changes))}'\]"):
        restore(path, CASE.begin(), AXES)


@pytest.mark.parametrize("names", [None, np.zeros(4)])
def test_a_file_without_names_is_refused(names: Any, path: Path) -> None:
    rewritten(path, **{"axes.symbols": names})
    with pytest.raises(DataError, match=r"no list of names as axes\.symbols"):
        axes_of(path)


def test_a_file_of_version_0_is_migrated(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In version 0, let us say, volatilities were kept in percent under another name."""

    def to_fractions(content: Content) -> Content:
        kept = {name: array for name, array in content.items() if name != "sigma_percent"}
        return {**kept, "sigma_daily": content["sigma_percent"] / 100.0}

    percent = np.array([1.0, 2.0, np.nan, 4.0])
    rewritten(path, schema_version=np.array([0]), sigma_daily=None, sigma_percent=percent)
    with pytest.raises(DataError, match="no step leads from 0 to 1"):
        restore(path, CASE.begin(), AXES)
    monkeypatch.setitem(MIGRATIONS, 0, to_fractions)
    found = restore(path, CASE.begin(), AXES)
    np.testing.assert_array_equal(found.sigma_daily, percent / 100.0)
    expected = scrambled()._replace(sigma_daily=percent / 100.0)
    assert differing(leaves(found), leaves(expected)) == []


def test_a_file_of_version_1_goes_on_where_it_was(path: Path) -> None:
    """Version 1 knew neither when a coin was last seen nor early schedules."""
    added = {
        "exchange.priced_k": -1,
        "chain.paper.seen_k": np.iinfo(np.int64).max // 2,
        "chain.account.orders.urgency": 0.0,
    }
    rewritten(path, schema_version=np.array([1]), **dict.fromkeys(added))
    found = leaves(restore(path, CASE.begin(), AXES))
    expected = leaves(scrambled())
    for name, value in added.items():
        assert (found[name] == value).all()
        assert found[name].shape == expected[name].shape
    assert differing(found, expected) == sorted(added) or set(differing(found, expected)) <= set(
        added
    )


def test_steps_follow_one_another(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []

    def step(n: int) -> Any:
        return lambda content: (taken.append(n), content)[1]

    monkeypatch.setattr(files, "VERSION", VERSION + 2)
    for n in range(VERSION + 2):
        monkeypatch.setitem(MIGRATIONS, n, step(n))
    restore(path, CASE.begin(), AXES)
    assert taken == [VERSION, VERSION + 1]


def test_a_newer_version_is_refused(path: Path) -> None:
    rewritten(path, schema_version=np.array([VERSION + 1]))
    with pytest.raises(DataError, match=f"is of version {VERSION + 1}, the newest known is"):
        restore(path, CASE.begin(), AXES)


@pytest.mark.parametrize("content", [b"", b"not a file of ours", b"PK\x03\x04 cut short"])
def test_a_file_that_is_none_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "memory.npz").write_bytes(content)
    with pytest.raises(DataError, match="is not a saved memory"):
        axes_of(tmp_path / "memory.npz")


def test_a_single_array_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "array.npy", np.zeros(3))
    for name in ("array.npy", "missing.npz"):
        with pytest.raises(DataError, match="is not a saved memory"):
            axes_of(tmp_path / name)


def test_objects_are_never_unpickled(path: Path) -> None:
    rewritten(path, sigma_daily=np.array([object()] * 4))
    with pytest.raises(DataError, match="is not a saved memory"):
        restore(path, CASE.begin(), AXES)


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_file_is_seen_or_unharmed(seed: int, path: Path) -> None:
    generator = np.random.default_rng(seed)
    damaged = bytearray(path.read_bytes())
    if seed % 2:
        damaged = damaged[: generator.integers(len(damaged))]
    else:
        damaged[generator.integers(len(damaged))] ^= 1 << generator.integers(8)
    path.write_bytes(damaged)
    try:
        found = restore(path, CASE.begin(), AXES)
    except DataError:
        return
    assert differing(leaves(found), leaves(scrambled())) == []  # a date in the archive's index


def test_fewer_engines_do_not_fit(path: Path) -> None:
    fewer = replace(CASE.machine, engines=CASE.machine.engines[:-1])
    like = run.begin(fewer, 1, 4, 1e6)
    with pytest.raises(ValueError, match="the shape"):
        restore(path, like, AXES)
