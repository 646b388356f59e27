"""Build the other systems' environments, each with its own Python and its own versions.

``python benchmarks/peers/environments.py [NAME ...]`` (``make peers`` builds all) makes
``QUORATE_BENCH_HOME/envs/NAME`` from ``requirements/NAME.txt``; one that is there already with the
same requirements is left alone. What cannot be built is named with the reason; the others are.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements"
VERSIONS = ("3.12", "3.11", "3.13")  # in this order; the versions are pinned on the first
SHARED = {
    "clarabel": "convex",
    "cvxpy": "convex",
    "lightgbm": "boosting",
    "pandas": "vectorbt",
    "xgboost": "boosting",
}
_SECONDS = 900


class BuildError(Exception):
    """An environment could not be built."""


def names() -> list[str]:
    """Return the environments that there are requirements for."""
    return sorted(path.stem for path in REQUIREMENTS.glob("*.txt"))


def python(peer: str) -> Path:
    """Return the interpreter of a peer's environment, built or not."""
    return _home() / "envs" / SHARED.get(peer, peer) / "bin" / "python"


def find_python() -> Path:
    """Return a Python that the peers run on.

    Raises
    ------
    BuildError
        There is none.
    """
    for version in VERSIONS:
        for words in (
            [f"python{version}"],
            ["pyenv", "exec", f"python{version}"],
            [sys.executable],
        ):
            found = _ask(words, version)
            if found:
                return found
    raise BuildError(f"no Python of {', '.join(VERSIONS)} is on the path")


def build(name: str, interpreter: Path) -> str:
    """Build one environment and return what was done.

    Raises
    ------
    BuildError
        A step failed: its last complaint.
    """
    needed = REQUIREMENTS / f"{name}.txt"
    if not needed.exists():
        raise BuildError(f"there is no {needed.name}; there are {', '.join(names())}")
    folder = _home() / "envs" / name
    stamp = folder / ".built"
    wanted = hashlib.sha256(needed.read_bytes() + str(interpreter).encode()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return "is there"
    if folder.exists():
        shutil.rmtree(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _run([str(interpreter), "-m", "venv", str(folder)])
    inside = str(folder / "bin" / "python")
    uv = Path(sys.executable).with_name("uv")
    if uv.exists():
        _run([str(uv), "pip", "install", "--python", inside, "--no-deps", "-r", str(needed)])
    else:
        _run([inside, "-m", "pip", "install", "--no-deps", "-r", str(needed)])
    stamp.write_text(wanted, encoding="utf-8")
    return "built"


def _home() -> Path:
    chosen = os.environ.get("QUORATE_BENCH_HOME")
    return Path(chosen) if chosen else Path.home() / ".cache" / "quorate" / "bench"


def _ask(words: list[str], version: str) -> Path | None:
    """Return the interpreter that a command starts, if it is of this version."""
    if shutil.which(words[0]) is None:
        return None
    question = "import sys; print(sys.executable, '%d.%d' % sys.version_info[:2])"
    environ = dict(os.environ)
    if words[0] == "pyenv":
        environ["PYENV_VERSION"] = _newest_of_pyenv(version)
    asked = subprocess.run(
        [*words, "-c", question], capture_output=True, text=True, check=False, env=environ
    )
    path, _, told = asked.stdout.strip().rpartition(" ")
    return Path(path) if asked.returncode == 0 and told == version else None


def _newest_of_pyenv(version: str) -> str:
    listed = subprocess.run(
        ["pyenv", "versions", "--bare"], capture_output=True, text=True, check=False
    )
    fitting = [line.strip() for line in listed.stdout.splitlines()]
    fitting = [line for line in fitting if line.startswith(version + ".")]
    return fitting[-1] if fitting else version


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"{Path(command[0]).name} took over {_SECONDS} s") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
        raise BuildError(" ".join(line.strip() for line in lines[-3:]))


def main() -> None:
    """Build the environments named, or all; the exit code counts those that failed."""
    failed = 0
    try:
        interpreter = find_python()
    except BuildError as error:
        sys.exit(str(error))
    print(f"with {interpreter}")
    for name in sys.argv[1:] or names():
        try:
            print(f"{name}: {build(name, interpreter)}", flush=True)
        except BuildError as error:
            failed += 1
            print(f"{name}: failed: {error}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
