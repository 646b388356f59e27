"""Kernels of the research layer: filed by their own source, so they call none of another file."""

import ast
from pathlib import Path

from quorate import research

FOLDER = Path(research.__file__).parent


def imported(tree):
    """Return the modules that a file imports when it runs, not for its types alone."""
    found = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_a_file_with_kernels_imports_no_other_of_the_layer():
    """The cache would not see an edit there: the folder is named by the core's sources alone."""
    with_kernels = []
    for path in sorted(FOLDER.glob("*.py")):
        found = imported(ast.parse(path.read_text(encoding="utf-8")))
        if "quorate.core.kernel" in found:
            with_kernels.append(path.stem)
            assert [name for name in found if name.startswith("quorate.research")] == []
    assert with_kernels == ["barriers", "events", "purging", "weights"]
