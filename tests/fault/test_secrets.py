"""A vault loses nothing, wherever the process that changes it dies."""

import subprocess
import sys

import pytest

from quorate.live.secrets.age import AgeFiles
from quorate.live.secrets.entry import Scope, SecretKind, Slot
from quorate.live.secrets.secret import Secret
from quorate.live.secrets.vault import Vault

pytestmark = pytest.mark.fault

ONE, TWO = (Secret(f"canary-token-{word}-5521") for word in ("one", "two"))
DIES = """
import io, os, sys
from pathlib import Path
from quorate.live.secrets.age import AgeFiles
from quorate.live.secrets.entry import SecretKind
from quorate.live.secrets.secret import Secret
from quorate.live.secrets.vault import Vault

folder, dies_at, word = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
passed = 0

def dying(call, name):
    def struck(*args, **kwargs):
        global passed
        passed += 1
        if passed != dies_at:
            return call(*args, **kwargs)
        if name == "fdopen" and "w" in args[1]:
            os.write(args[0], b"half of what was to be written")
        os._exit(9)
    return struck

for name in ("open", "fdopen", "fsync", "replace", "close", "fstat"):
    setattr(os, name, dying(getattr(os, name), name))
vault = Vault(AgeFiles(folder), folder / "enrolment.json", lambda: 0)
vault.set("hook", SecretKind.TOKEN, Secret(f"canary-token-{word}-5521"))
print(passed)
"""


def dies(folder, at, word):
    words = [sys.executable, "-c", DIES, str(folder), str(at), word]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("is_first", [False, True])
def test_a_process_that_dies_anywhere_leaves_the_old_values_or_the_new_ones(tmp_path, is_first):
    before = set() if is_first else {Slot.CURRENT}
    after = before | {Slot.CURRENT if is_first else Slot.NEXT}
    seen = []
    for at in range(1, 60):
        folder = tmp_path / str(at)
        folder.mkdir(mode=0o700)
        vault = Vault(AgeFiles(folder), folder / "enrolment.json", lambda: 0)
        if not is_first:
            vault.set("hook", SecretKind.TOKEN, ONE)
        done = dies(folder, at, "one" if is_first else "two")
        assert done.returncode in (0, 9), done.stderr
        seen.append({row.slot for row in vault.entries(Scope.READ_ONLY)})
        if seen[-1]:
            assert vault.open().get("hook") == ONE
        vault.set("hook", SecretKind.TOKEN, TWO)  # and it goes on
        vault.rotate("hook") if not is_first or seen[-1] else None
        assert vault.open().get("hook") == TWO
        if done.returncode == 0:
            break
    assert len(seen) > 8
    assert seen[0] == before
    assert seen[-1] == after
    assert all(each in (before, after) for each in seen)
