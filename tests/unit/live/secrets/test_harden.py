import subprocess
import sys

import pytest

from quorate.live.secrets.harden import hardened

SAID = """
import os, resource
from quorate.live.secrets.harden import Hardened, harden, hardened
resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)) \
    if os.getuid() == 0 else None
assert hardened().is_dumpable
assert harden() == hardened() == Hardened(has_core=False, is_dumpable=False)
assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own calls")
def test_no_core_file_and_no_look_into_the_process():
    subprocess.run([sys.executable, "-c", SAID], check=True)


def test_asking_changes_nothing():
    assert hardened() == hardened()
