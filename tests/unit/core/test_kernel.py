"""Kernels: what is compiled into its caller has one; Python and kernels reach the same function."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import quorate
from quorate.core.costs.components import half_spread_bps
from quorate.core.kernel import cache_folder, inlined, kernel, signatures

ROOT = Path(quorate.__file__).parent

Name = tuple[str, str]


def marked(function: ast.stmt, mark: str) -> bool:
    """Say whether a function carries a decorator of this name."""
    return isinstance(function, ast.FunctionDef) and any(
        isinstance(each, ast.Name) and each.id == mark for each in function.decorator_list
    )


def modules() -> dict[str, ast.Module]:
    """Return every module of the package, parsed."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(("quorate", *parts)).removesuffix(".__init__")
        found[name] = ast.parse(path.read_text())
    return found


def called(module: str, tree: ast.Module) -> Counter[Name]:
    """Count whom a module's kernels call, by module and name."""
    imports = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            imports |= {a.asname or a.name: (node.module, a.name) for a in node.names}
    counts: Counter[Name] = Counter()
    for function in tree.body:
        if not (marked(function, "kernel") or marked(function, "inlined")):
            continue
        for node in ast.walk(function):
            if not isinstance(node, ast.Call):
                continue
            if isinstance(node.func, ast.Name):
                counts[imports.get(node.func.id, (module, node.func.id))] += 1
            elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
                package = imports.get(node.func.value.id)
                if package is not None:
                    counts[(".".join(package), node.func.attr)] += 1
    return counts


def test_what_is_inlined_has_one_caller() -> None:
    """At most two places in one function: more would be compiled many times over."""
    trees = modules()
    counts: Counter[Name] = Counter()
    for module, tree in trees.items():
        counts += called(module, tree)
    found = [
        (module, function.name)
        for module, tree in trees.items()
        for function in tree.body
        if isinstance(function, ast.FunctionDef) and marked(function, "inlined")
    ]
    assert len(found) > 50
    assert [name for name in found if not 1 <= counts[name] <= 2] == []


@inlined
def square(x: float) -> float:
    return x * x


@kernel
def fourth(x: float) -> float:
    return square(square(x))


def test_python_and_kernels_reach_the_same_function() -> None:
    assert fourth(3.0) == 81.0
    assert signatures(square) == 0  # Python has not called it yet, so it has no door
    assert square(3.0) == 9.0
    assert signatures(square) == 1


def test_a_side_is_made_when_it_is_asked_for() -> None:
    """A process that loads machine code needs no dispatcher of what is compiled into it."""
    fresh = kernel(square.py_func)
    assert fresh._inner is None
    assert fresh._door is None
    assert fresh(3.0) == 9.0
    assert fresh._inner is None
    assert fresh._numba_type_ is fresh._numba_type_


# a process of another environment, as a benchmark starts them: it has Numba and no Quorate
FOREIGN = """
import sys
sys.modules["quorate"] = None
import numba
@numba.njit(cache=True)
def double(x):
    return 2 * x
print(double(21))
"""


def test_processes_without_quorate_cache_as_they_always_do(tmp_path: Path) -> None:
    script = tmp_path / "foreign.py"
    script.write_text(FOREIGN)
    environ = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, str(script)],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.stdout, done.returncode) == ("42\n", 0), done.stderr


def test_machine_code_is_filed_by_the_place_in_the_package() -> None:
    assert half_spread_bps(4.0) == 2.0
    assert (cache_folder() / "core.costs").is_dir()


# NumPy's covariance asks whether linear algebra is there; the product of matrices uses it
OF_THE_USER = """
import sys
import numba
import numpy as np
from {module} import third
assert third(6.0) == 2.0
assert "scipy.linalg" not in sys.modules, "a kernel loaded SciPy"
@numba.njit
def both(x):
    return np.dot(x, x)[0, 0] + np.cov(x)[0, 0]
print(both(np.array([[1.0, 2.0], [3.0, 5.0]])))
"""


@pytest.mark.slow
def test_kernels_spare_scipy_and_leave_it_to_those_who_use_it(tmp_path: Path) -> None:
    """Loading it costs a run 17 MiB; an engine of the user's may still multiply matrices."""
    (tmp_path / "of_mine.py").write_text(
        "from quorate.core.kernel import kernel\n\n\n@kernel\ndef third(x):\n    return x / 3.0\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", OF_THE_USER.format(module="of_mine")],
        env=os.environ | {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "7.5"), done.stderr
