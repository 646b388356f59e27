"""The audit as a whole: its outcome is a value, bound to what was audited."""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from tests.unit.api.auditing import planted

import quorate
from quorate.api.auditing import Audit, Test, binding
from quorate.api.auditing.binding import binds
from quorate.api.auditing.times import cuts
from quorate.core.engines.catalogue import builtin
from quorate.errors import ConfigError, EngineError, LeakageError
from quorate.research.evidence import audit_digest

ENGINE = '''"""An engine of one's own."""

import numpy as np

from quorate.core.engines.base import engine
from quorate.core.types import Regime

@engine(name="{name}", family="mine", approved=[Regime.TREND])
def vote(rows):
    """Follow the move of {what}."""
    move = {move}
    side = np.sign(np.nan_to_num(move)).astype(np.int8)
    return side, np.where(side == 0, 0.5, 0.6)
'''
LEAK = 'np.roll(rows["ret_1h"], -1, axis=0)'


@pytest.fixture
def mine(tmp_path):
    """Write two engines, of which one leaks."""
    (tmp_path / "fair.py").write_text(
        ENGINE.format(name="fair", what="an hour", move='rows["ret_1h"]'), encoding="utf-8"
    )
    (tmp_path / "unfair.py").write_text(
        ENGINE.format(name="unfair", what="the next hour", move=LEAK), encoding="utf-8"
    )
    return tmp_path


def audited(*engines, **more):
    return quorate.audit(planted.market(), engines=[*builtin()[:4], *engines], n_cuts=8, **more)


@pytest.fixture(scope="module")
def passed():
    return audited()


def test_the_project_passes(passed):
    assert passed.is_pass
    assert passed.findings == ()
    assert {part.name: part.n_values > 0 for part in passed.parts} == {
        "engines": True,
        "decisions": True,
        "panel": False,  # a synthetic one cannot be made again, and the audit says so
        "labels": True,
        "fits": True,  # the calibrations; an edge map wants twenty days
        "pipeline": True,
    }
    assert all(part.not_covered for part in passed.parts if part.name != "fits")
    passed.raise_if_found()


def test_a_leak_is_named_and_refused(mine):
    found = audited(f"{mine}/fair.py:vote", f"{mine}/unfair.py:vote")
    assert not found.is_pass
    assert {finding.what for finding in found.findings} == {"unfair"}
    decisions = next(part for part in found.parts if part.name == "decisions")
    assert any("unfair" in line for line in decisions.not_covered)
    with pytest.raises(LeakageError, match=r"unfair of SYN-[A-Z0-9]+ at 2024-01-0") as raised:
        found.raise_if_found()
    assert "elementwise" in raised.value.hint


def test_the_same_audit_has_the_same_digest_whatever_it_took(passed):
    again = audited()
    assert again.digest == passed.digest
    told = json.loads(json.dumps(passed.as_dict()))
    assert audit_digest(told) == passed.digest
    told["parts"][0]["seconds"] += 1.0
    assert audit_digest(told) == passed.digest
    told["parts"][0]["tests"]["history cut"] += 1
    assert audit_digest(told) != passed.digest


def test_the_digest_binds_settings_engines_data_and_options(passed, mine):
    others = {
        "settings": audited(settings=quorate.read_settings(overrides={"consensus.k": "1"})),
        "engines": audited(f"{mine}/fair.py:vote"),
        "options": audited(seed=1),
    }
    for name, other in others.items():
        assert other.is_pass
        differs = {each for each in passed.binds if passed.binds[each] != other.binds[each]}
        assert differs == {name}
        assert other.digest != passed.digest


def test_an_engine_that_was_edited_is_another(mine):
    before = audited(f"{mine}/fair.py:vote").binds["engines"]
    path = mine / "fair.py"
    path.write_text(path.read_text(encoding="utf-8").replace("0.6", "0.61"), encoding="utf-8")
    assert audited(f"{mine}/fair.py:vote").binds["engines"] != before


@pytest.mark.parametrize("how", ["import beside", "from beside import of"])
def test_an_engine_whose_neighbour_was_edited_is_another(how, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "further.py").write_text("FACTOR = 1\n")
    (tmp_path / "beside.py").write_text("import further\ndef of(x):\n    return x\n")
    (tmp_path / "mine.py").write_text(f"import numpy\n{how}\ndef vote(rows):\n    return rows\n")
    for name in ("mine", "beside", "further"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    vote = importlib.import_module("mine").vote
    hashes = [binding._function_hash(vote)]
    assert binding._function_hash(vote) == hashes[0]
    for name in ("beside", "further"):
        with (tmp_path / f"{name}.py").open("a", encoding="utf-8") as file:
            file.write("# edited\n")
        hashes.append(binding._function_hash(vote))
    assert len(set(hashes)) == 3


def test_data_are_bound_by_their_bytes_and_not_by_what_they_say():
    panel = planted.market()
    close = np.array(panel.bars.close)
    close[100, 0] *= 1.0001
    other = replace(panel, bars=panel.bars._replace(close=close))
    one, two = (binds(each, quorate.read_settings(), (), {}, {}) for each in (panel, other))
    assert {name for name in one if one[name] != two[name]} == {"data"}


def test_an_audit_of_nothing_is_no_pass():
    assert not Audit("nothing", (), {}).is_pass
    with pytest.raises(LeakageError, match="compared nothing"):
        Audit("nothing", (), {}).raise_if_found()


def test_progress_ends_at_its_end():
    seen = []
    audited(progress=lambda done, n: seen.append((done, n)))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == seen[-1][1]
    assert len({n for _, n in seen}) == 1


def test_what_cannot_be_audited_is_refused(mine):
    with pytest.raises(ConfigError, match="needs a Panel"):
        quorate.audit("data")
    with pytest.raises(ConfigError, match="n_cuts is 1"):
        quorate.audit(planted.market(), n_cuts=1)
    with pytest.raises(EngineError, match="two engines are called 'fair'"):
        audited(f"{mine}/fair.py:vote", f"{mine}/fair.py:vote")
    with pytest.raises(EngineError, match="there is no file"):
        audited(f"{mine}/gone.py:vote")
    with pytest.raises(EngineError, match="has no 'vole'"):
        audited(f"{mine}/fair.py:vole")


def test_cuts_are_spread_seeded_and_stand_at_edges():
    panel = planted.market()
    found = cuts(panel, 40, seed=3)
    assert found == cuts(panel, 40, seed=3)
    assert found != cuts(panel, 40, seed=4)
    assert len(found) == 40
    assert found[0] >= 1
    assert found[-1] < panel.n_bars
    k = panel.k0 + np.array(found)
    assert (k % 12 == 0).any()
    assert (k % 12 == 1).any()
    status = panel.bars.status
    moved = 1 + np.flatnonzero((status[1:] != status[:-1]).any(axis=1))
    assert set(found) & set(moved.tolist())
    assert np.ptp(np.array(found) // (panel.n_bars // 4)) == 3


def test_every_test_has_been_seen_to_find_something():
    """The names of the tests are those that the other files of this folder prove."""
    proven = "history cut,future noise,rows shuffled,coins shuffled,other blocks,asked again,"
    proven += "hidden state,clock and dice,inputs changed,cannot be asked,coins left out,"
    proven += "end of a label,train meets test,late labels refused"
    assert {test.value for test in Test} == set(proven.split(","))


def test_a_panel_on_disk_is_audited_as_the_one_in_memory(passed, tmp_path, monkeypatch):
    kept = quorate.keep(planted.market(), tmp_path / "kept")
    found = quorate.audit(kept, engines=builtin()[:4], n_cuts=8)
    assert found.is_pass
    assert found.binds["data"] == passed.binds["data"]
    assert any("kept on disk" in line for part in found.parts for line in part.not_covered)
    monkeypatch.setattr("quorate.api.auditing.whole.MOST_READ", 4 * 800)
    part = quorate.audit(kept, engines=builtin()[:4], n_cuts=8).parts[0]
    assert part.not_covered[0] == "all parts: 928 bars after the first 800, left on disk"
