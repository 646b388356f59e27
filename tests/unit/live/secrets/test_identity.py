import os

import pyrage
import pytest

from quorate.errors import SecretsError
from quorate.live.secrets.age import AgeFiles
from quorate.live.secrets.entry import Scope, SecretKind
from quorate.live.secrets.secret import Secret

ONE = Secret("canary-token-one-5521")


def test_systemd_gives_it(open_vault, folder, tmp_path, monkeypatch):
    given = tmp_path / "credentials"
    given.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    open_vault().set("hook", SecretKind.TOKEN, ONE)
    (folder / "read-only.key").rename(given / "quorate-read-only")
    (given / "quorate-read-only").chmod(0o440)  # the bits of the group are those of its access list
    assert open_vault().open().get("hook") == ONE


def test_a_descriptor_gives_it(folder, open_vault):
    open_vault().set("hook", SecretKind.TOKEN, ONE)
    reads, writes = os.pipe()
    os.write(writes, (folder / "read-only.key").read_bytes())
    os.close(writes)
    (folder / "read-only.key").unlink()
    vault = open_vault(said=f"fd:{reads}")
    assert vault.open().get("hook") == ONE
    assert vault.open().get("hook") == ONE  # it is read once and remembered


def test_a_path_for_each_scope(open_vault, tmp_path):
    for scope in Scope:
        (tmp_path / f"of-{scope.value}").write_text(f"{pyrage.x25519.Identity.generate()}\n")
        (tmp_path / f"of-{scope.value}").chmod(0o600)
    vault = open_vault(said=str(tmp_path / "of-{scope}"))
    vault.enrol("ann")
    vault.set("hook", SecretKind.TOKEN, ONE, Scope.TRADE)
    (tmp_path / "of-read-only").unlink()
    assert vault.open(Scope.TRADE).get("hook") == ONE


def test_a_passphrase_is_asked_for_and_nothing_else(folder, open_vault, monkeypatch):
    fast = pyrage.x25519.Identity.generate()
    locked = b"age-encryption.org/v1 locked"

    def opened(raw, said):
        assert (raw, said) == (locked, "the passphrase")
        return f"{fast}\n".encode()

    monkeypatch.setattr("quorate.live.secrets.age._unlocked", opened)
    (folder / "read-only.key").write_bytes(locked)
    (folder / "read-only.key").chmod(0o600)
    asked = []
    vault = open_vault(ask=lambda text: asked.append(text) or "the passphrase")
    vault.set("hook", SecretKind.TOKEN, ONE)
    assert vault.open().get("hook") == ONE
    assert len(asked) == 1
    with pytest.raises(SecretsError, match="nobody is there"):
        open_vault().open()


@pytest.mark.slow  # a passphrase is made to take a second
def test_a_real_passphrase_protects_an_identity_that_is_made(folder):
    kept = AgeFiles(folder, "", lambda _: "right one", lambda: "right one")
    kept.save(Scope.READ_ONLY, "a text", "")
    assert b"AGE-SECRET-KEY" not in (folder / "read-only.key").read_bytes()
    assert AgeFiles(folder, "", lambda _: "right one").load(Scope.READ_ONLY).text == "a text"
    with pytest.raises(SecretsError, match="not the passphrase"):
        AgeFiles(folder, "", lambda _: "wrong one").load(Scope.READ_ONLY)


@pytest.mark.parametrize("said", ["fd:x", "fd:998877"])
def test_a_wrong_descriptor_is_refused(open_vault, said):
    with pytest.raises(SecretsError):
        open_vault(said=said).set("hook", SecretKind.TOKEN, ONE)


def test_a_file_without_one_is_refused_and_not_shown(open_vault, folder):
    (folder / "read-only.key").write_text("canary-content-3391")
    (folder / "read-only.key").chmod(0o600)
    with pytest.raises(SecretsError, match="holds no age identity") as found:
        open_vault().set("hook", SecretKind.TOKEN, ONE)
    assert "canary" not in str(found.value)


def test_the_environment_is_never_asked(open_vault, folder, monkeypatch):
    open_vault().set("hook", SecretKind.TOKEN, ONE)
    text = (folder / "read-only.key").read_text().splitlines()[-1]
    (folder / "read-only.key").unlink()
    for name in ("AGE_IDENTITY", "QUORATE_IDENTITY", "QUORATE_SECRETS__IDENTITY", "SOPS_AGE_KEY"):
        monkeypatch.setenv(name, text)
    with pytest.raises(SecretsError):
        open_vault().open()
