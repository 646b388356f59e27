import stat

import pytest
from tests.unit.live.secrets.conftest import PAIR

from quorate.errors import SecretsError
from quorate.live.secrets.age import AgeFiles
from quorate.live.secrets.entry import Scope, SecretKind, Slot
from quorate.live.secrets.scrubber import KNOWN
from quorate.live.secrets.secret import Secret
from quorate.live.secrets.vault import KEEP_MS

ONE, TWO, THREE = (Secret(f"canary-token-{word}-5521") for word in ("one", "two", "three"))
DAY_MS = 86_400_000


def slots_of(vault, scope=Scope.READ_ONLY):
    return [(row.name, row.slot.value) for row in vault.entries(scope)]


def test_what_is_set_is_found_by_the_next_process(open_vault):
    assert open_vault().set("binance_usdm", SecretKind.VENUE, Secret(PAIR)) is Slot.CURRENT
    assert open_vault().open().get("binance_usdm") == Secret(PAIR)


def test_files_are_for_their_owner_and_hold_no_value(open_vault, folder):
    open_vault().set("hook", SecretKind.TOKEN, ONE)
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert ONE.reveal().encode() not in path.read_bytes()


def test_a_next_value_waits_until_it_is_rotated_in(open_vault, clock):
    vault = open_vault()
    vault.set("hook", SecretKind.TOKEN, ONE)
    clock.ms += DAY_MS
    assert vault.set("hook", SecretKind.TOKEN, TWO) is Slot.NEXT
    assert vault.open().active("hook") == (ONE,)
    vault.rotate("hook", grace_ms=DAY_MS)
    opened = vault.open()
    assert opened.active("hook") == (TWO, ONE)
    assert slots_of(vault) == [("hook", "current"), ("hook", "previous")]
    clock.ms += DAY_MS
    assert opened.active("hook") == (TWO,)
    current, old = vault.entries()
    assert current.rotated_ms == old.until_ms - DAY_MS == current.created_ms


def test_without_grace_the_old_value_is_gone(open_vault):
    vault = open_vault()
    for each in (ONE, TWO, THREE):
        vault.set("hook", SecretKind.TOKEN, each)
    vault.rotate("hook")
    assert vault.open().active("hook") == (THREE,)
    with pytest.raises(SecretsError, match="no next value"):
        vault.rotate("hook")


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("Hook", SecretKind.TOKEN, "long enough"),
        ("../hook", SecretKind.TOKEN, "long enough"),
        ("hook", SecretKind.TOKEN, "sh0rt"),
        ("hook", SecretKind.TOKEN, "a blank at the end "),
        ("hook", SecretKind.VENUE, "canary-no-json-7711"),
        ("hook", SecretKind.VENUE, '{"api_key": "canary-only-one-7711"}'),
    ],
)
def test_what_cannot_be_kept_is_refused_without_being_shown(open_vault, name, kind, value):
    with pytest.raises(SecretsError) as found:
        open_vault().set(name, kind, Secret(value))
    assert value not in str(found.value)
    assert slots_of(open_vault()) == []


def test_a_name_keeps_its_kind(open_vault):
    open_vault().set("hook", SecretKind.TOKEN, ONE)
    with pytest.raises(SecretsError, match="of kind token"):
        open_vault().set("hook", SecretKind.VENUE, Secret(PAIR))


def test_it_is_read_again_after_five_minutes_and_when_the_clock_goes_back(open_vault, clock):
    vault = open_vault()
    vault.set("hook", SecretKind.TOKEN, ONE)
    opened = vault.open()
    vault.set("hook", SecretKind.TOKEN, TWO)
    vault.rotate("hook")
    clock.ms += KEEP_MS - 1
    assert opened.get("hook") == ONE
    clock.ms += 1
    assert opened.get("hook") == TWO
    vault.set("hook", SecretKind.TOKEN, THREE)
    vault.rotate("hook")
    clock.ms -= 1
    assert opened.get("hook") == THREE


def test_what_cannot_be_read_again_is_not_given_from_memory(open_vault, clock, folder):
    open_vault().set("hook", SecretKind.TOKEN, ONE)
    opened = open_vault().open()
    (folder / "read-only.age").write_bytes(b"age-encryption.org/v1 spoilt")
    assert opened.get("hook") == ONE
    clock.ms += KEEP_MS
    with pytest.raises(SecretsError, match="is not opened"):
        opened.get("hook")


def test_what_is_closed_is_wiped_and_what_was_given_is_not(open_vault):
    open_vault().set("hook", SecretKind.TOKEN, ONE)
    opened = open_vault().open()
    given, held = opened.get("hook"), opened._held[0].slots[Slot.CURRENT].value
    opened.close()
    assert held.reveal() == ""
    assert given == ONE


def test_every_value_that_is_opened_is_known(open_vault):
    open_vault().set("known", SecretKind.TOKEN, Secret("canary-known-8812"))
    assert KNOWN.knows("x canary-known-8812 x")


@pytest.mark.parametrize("name", ["read-only.age", "read-only.key", ""])
def test_what_others_may_read_is_refused_with_the_fix(open_vault, folder, name):
    open_vault().set("hook", SecretKind.TOKEN, ONE)
    (folder / name).chmod(0o755 if not name else 0o640)
    with pytest.raises(SecretsError, match=r"others may.*\n.*chmod [67]00"):
        open_vault().open()
    with pytest.raises(SecretsError, match="chmod"):
        open_vault().set("hook", SecretKind.TOKEN, TWO)


def test_a_link_is_not_followed(open_vault, folder):
    open_vault().set("hook", SecretKind.TOKEN, ONE)
    (folder / "read-only.age").rename(folder / "elsewhere")
    (folder / "read-only.age").symlink_to(folder / "elsewhere")
    with pytest.raises(SecretsError, match="cannot be read"):
        open_vault().open()


def test_another_identity_opens_nothing(open_vault, folder, tmp_path):
    open_vault().set("hook", SecretKind.TOKEN, ONE)
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    open_vault(where=other).set("hook", SecretKind.TOKEN, ONE)
    (other / "read-only.key").replace(folder / "read-only.key")
    with pytest.raises(SecretsError, match="not opened by the identity"):
        open_vault().open()


def test_a_lost_identity_is_not_made_anew(open_vault, folder):
    open_vault().set("hook", SecretKind.TOKEN, ONE)
    (folder / "read-only.key").unlink()
    with pytest.raises(SecretsError, match="cannot be read"):
        open_vault().set("hook", SecretKind.TOKEN, TWO)
    with pytest.raises(SecretsError, match="is gone"):
        AgeFiles(folder).holder(Scope.READ_ONLY)


def test_two_who_change_it_at_once_lose_nothing(folder):
    one, other = AgeFiles(folder), AgeFiles(folder)
    one.save(Scope.READ_ONLY, "first", "")
    seen = other.load(Scope.READ_ONLY)
    one.save(Scope.READ_ONLY, "second", one.load(Scope.READ_ONLY).version)
    with pytest.raises(SecretsError, match="changed by another"):
        other.save(Scope.READ_ONLY, "lost", seen.version)
    assert other.load(Scope.READ_ONLY).text == "second"
