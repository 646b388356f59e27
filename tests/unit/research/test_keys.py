"""The signing key: made once, for its owner alone, and refused where it is not safe."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from quorate.errors import ConfigError
from quorate.research import keys


def test_it_is_made_on_first_use_for_its_owner_alone(tmp_path):
    where = tmp_path / "deep" / "quorate"
    first = keys.signer(where)
    path = where / keys.FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(where.stat().st_mode) == 0o700
    held = path.read_bytes()
    assert keys.signer(where).public == first.public
    assert path.read_bytes() == held
    assert [each.name for each in where.iterdir()] == [keys.FILE]


def test_a_wide_umask_does_not_open_it(tmp_path):
    old = os.umask(0)
    try:
        keys.signer(tmp_path)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / keys.FILE).stat().st_mode) == 0o600


def test_what_is_signed_is_checked(tmp_path):
    one, other = keys.signer(tmp_path / "a"), keys.signer(tmp_path / "b")
    signature = one.sign(b"said")
    assert keys.is_signed(one.public, signature, b"said")
    assert not keys.is_signed(one.public, signature, b"other")
    assert not keys.is_signed(other.public, signature, b"said")
    assert not keys.is_signed(one.public, bytes(64), b"said")
    assert not keys.is_signed(b"short", signature, b"said")
    assert one.sign(b"said") == signature


def test_trust_makes_nothing(tmp_path):
    assert keys.trusted(tmp_path / "none") == ()
    assert not (tmp_path / "none").exists()
    made = keys.signer(tmp_path)
    assert keys.trusted(tmp_path) == (made.public,)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o777])
def test_a_key_that_others_may_use_is_refused(tmp_path, mode):
    keys.signer(tmp_path)
    (tmp_path / keys.FILE).chmod(mode)
    with pytest.raises(ConfigError, match=rf"has mode {mode:o}: others may use it"):
        keys.signer(tmp_path)


def test_a_link_is_not_followed(tmp_path):
    keys.signer(tmp_path / "real")
    (tmp_path / keys.FILE).symlink_to(tmp_path / "real" / keys.FILE)
    with pytest.raises(ConfigError, match="cannot be read"):
        keys.signer(tmp_path)


def test_a_dangling_link_makes_no_key_elsewhere(tmp_path):
    (tmp_path / keys.FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="cannot be read"):
        keys.signer(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("held", [b"", b"nonsense", b"-----BEGIN PRIVATE KEY-----\n"])
def test_what_is_no_key_is_refused(tmp_path, held):
    path = tmp_path / keys.FILE
    path.write_bytes(held)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="is not a private key without a password"):
        keys.signer(tmp_path)


def test_a_key_of_another_kind_is_refused(tmp_path):
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    path = tmp_path / keys.FILE
    path.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="another kind than Ed25519"):
        keys.signer(tmp_path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigError, match="cannot be made"):
        keys.signer(tmp_path / "file" / "quorate")


def test_whoever_comes_first_makes_the_key(tmp_path):
    gate, found = threading.Barrier(8), []

    def make():
        gate.wait()
        found.append(keys.signer(tmp_path).public)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert [each.name for each in tmp_path.iterdir()] == [keys.FILE]


def test_the_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("QUORATE_CONFIG_DIR", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "x"))
    assert keys.folder() == tmp_path / "x" / "quorate"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    assert keys.folder() == Path.home() / ".config" / "quorate"
    monkeypatch.setenv("QUORATE_CONFIG_DIR", str(tmp_path / "mine"))
    assert keys.folder() == tmp_path / "mine"
    assert keys.signer().public == keys.trusted(tmp_path / "mine")[0]


def test_the_key_does_not_lie_in_the_repository():
    said = subprocess.run(
        [sys.executable, "-c", "from quorate.research.keys import folder; print(folder())"],
        check=True,
        capture_output=True,
        text=True,
        env={k: v for k, v in os.environ.items() if not k.startswith(("QUORATE", "XDG"))},
    ).stdout.strip()
    assert Path(__file__).parents[3] not in (Path(said), *Path(said).parents)


def test_without_the_library_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(ConfigError, match=r'pip install "quorate\[research\]"'):
        keys.signer(tmp_path)
