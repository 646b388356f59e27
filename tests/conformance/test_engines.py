"""Every engine, built in or an example of a user's own, passes every check."""

import importlib.util
import tomllib
from pathlib import Path

import numpy as np
import pytest

from quorate.core.engines.base import Engine
from quorate.core.engines.catalogue import builtin
from quorate.core.engines.checks import CHECKS
from quorate.core.engines.poll import poll
from quorate.core.engines.specimen import STANDARD, specimen

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "my_engine"


def example():
    """Load the example package's entry point from its folder, as an installed one would be."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (target,) = project["entry-points"]["quorate.engines"].values()
    module, _, attribute = target.partition(":")
    path = EXAMPLE / "src" / Path(*module.split(".")).with_suffix(".py")
    spec = importlib.util.spec_from_file_location(module, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return getattr(loaded, attribute)


ENGINES = (*builtin(), example())


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_engine_conforms(engine, check):
    assert check(engine) == ""


def test_the_example_is_an_engine_named_as_its_entry_point():
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert isinstance(example(), Engine)
    assert list(project["entry-points"]["quorate.engines"]) == [example().name]


def test_votes_do_not_depend_on_the_block_or_on_the_other_engines():
    rows = specimen(STANDARD, 24, 7)
    together, failures = poll(ENGINES, rows)
    assert failures == ()
    for e, engine in enumerate(ENGINES):
        for t in range(0, 24, 5):
            alone, _ = poll([engine], specimen_slice(rows, t))
            assert alone.side[0, 0].tobytes() == together.side[t, e].tobytes()
            assert alone.strength[0, 0].tobytes() == together.strength[t, e].tobytes()


def specimen_slice(rows, t):
    return type(rows)(np.ascontiguousarray(rows.values[t : t + 1]), rows.names)


def test_the_guide_shows_the_example_whole_and_its_row_is_a_buy():
    guide = (ROOT / "docs" / "how-to" / "write-an-engine.md").read_text(encoding="utf-8")
    source = (EXAMPLE / "src" / "my_engine" / "quiet_pullback.py").read_text(encoding="utf-8")
    blocks = [block.partition("```")[0] for block in guide.split("```python\n")[1:]]
    assert blocks[0] == source
    for block in blocks[2:]:  # the second is a test module of its own
        exec(compile(block, "write-an-engine.md", "exec"), {"vote": example()})  # noqa: S102
