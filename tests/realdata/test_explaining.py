"""On real bars too, what was recorded comes out again to the last digit."""

from __future__ import annotations

import pytest
from tests.realdata.test_backtests import LIVELY, given

import quorate

pytestmark = pytest.mark.realdata


@pytest.mark.parametrize("name", ["usdm", "two venues"])
@pytest.mark.slow
def test_a_decision_is_recomputed_from_the_files_that_the_run_names(data, tmp_path, name):
    panel = quorate.load(**given(data, name))
    result = quorate.run(panel, quorate.read_settings(overrides=LIVELY), out=tmp_path)
    entries = quorate.decisions(result.folder, reason="ENTRY")
    found = quorate.explain(result.folder, entries["id"][-1])
    assert "identical" in found.verdict
    assert all(check.is_same for check in found.checks)
    quiet = quorate.explain(result.folder, panel.symbols[0], result.equity["ts"][-5])
    assert quiet.source == "recomputed"
    assert all(check.is_same for check in quiet.checks)
