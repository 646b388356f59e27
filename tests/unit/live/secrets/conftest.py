from pathlib import Path

import pytest
from tests.unit.live.secrets.vault_server import serving

from quorate.live.secrets.age import AgeFiles
from quorate.live.secrets.vault import Vault

PAIR = '{"api_key": "canary-api-key-4411", "secret": "canary-secret-9f02/+"}'


class Clock:
    def __init__(self):
        self.ms = 1_700_000_000_000

    def __call__(self):
        return self.ms


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "vault"
    made.mkdir(mode=0o700)
    return made


@pytest.fixture
def open_vault(folder, clock):
    """Return what makes a vault anew, as another process would."""

    def made(box="this box", where: Path = folder, **kept):
        return Vault(AgeFiles(where, **kept), where / "enrolment.json", clock, lambda: box)

    return made


@pytest.fixture
def server(clock):
    """Return a server that speaks the part of HashiCorp Vault's API that is used here."""
    with serving(clock) as made:
        yield made
