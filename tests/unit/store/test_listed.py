"""The list of runs reads either database that the settings name."""

from __future__ import annotations

import quorate


def test_runs_are_listed_from_the_store_that_the_settings_name(where, tmp_path):
    settings = quorate.read_settings(overrides={"account.store": str(where)})
    assert quorate.runs(tmp_path, settings) == []
    made = [quorate.run(quorate.synthetic(1, 1), settings, out=tmp_path).run_id for _ in range(2)]
    found = quorate.runs(tmp_path, settings)
    assert [row.run_id for row in found] == made
    assert {row.settings for row in found} == {found[0].settings}
    assert (found[0].status, found[0].n_coins) == ("finished", 1)
