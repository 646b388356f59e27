import traceback

import pytest
from tests.unit.live.secrets.vault_server import ROLE, SECRET_ID

from quorate.errors import SecretsError, SecretsUnavailableError
from quorate.live.secrets.entry import Scope, SecretKind, Slot
from quorate.live.secrets.hashicorp import HashicorpVault
from quorate.live.secrets.scrubber import KNOWN
from quorate.live.secrets.secret import Secret
from quorate.live.secrets.vault import Vault

ONE, TWO = (Secret(f"canary-token-{word}-5521") for word in ("one", "two"))
LOGIN = "auth/approle/login"
RENEW = "auth/token/renew-self"


@pytest.fixture
def made(server, clock, tmp_path):
    """Return what makes a backing with a wrapped secret id of its own."""

    def make(role=ROLE):
        path = tmp_path / f"wrapped-{len(server.wraps)}-{len(server.asked)}"
        path.write_text(server.wrap())
        path.chmod(0o600)
        return HashicorpVault(server.address, role, path, clock)

    return make


@pytest.fixture
def vault(made, clock, tmp_path):
    return Vault(made(), tmp_path / "desk" / "enrolment.json", clock, lambda: "this box")


def test_slots_live_there_as_in_files(vault, made, clock, tmp_path):
    assert vault.set("hook", SecretKind.TOKEN, ONE) is Slot.CURRENT
    assert vault.set("hook", SecretKind.TOKEN, TWO) is Slot.NEXT
    vault.rotate("hook", grace_ms=1000)
    other = Vault(made(), tmp_path / "desk" / "enrolment.json", clock, lambda: "this box")
    assert other.open().active("hook") == (TWO, ONE)


def test_keys_that_trade_want_an_enrolment_there_too(vault, server):
    with pytest.raises(SecretsError, match="not enrolled"):
        vault.open(Scope.TRADE)
    assert server.asked == []
    vault.enrol("ann")
    vault.set("hook", SecretKind.TOKEN, ONE, Scope.TRADE)
    assert vault.open(Scope.TRADE).get("hook") == ONE


def test_a_role_without_the_policy_is_refused_whatever_this_machine_says(vault, server):
    server.may = ("quorate/read-only",)
    vault.enrol("ann")
    with pytest.raises(SecretsError, match="look at the policy"):
        vault.open(Scope.TRADE)
    assert vault.entries() == ()


def test_a_wrapping_token_that_was_used_is_told_as_what_it_may_be(made, server):
    backing = made()
    server.wraps.clear()
    with pytest.raises(SecretsError, match="somebody else has the secret id"):
        backing.load(Scope.READ_ONLY)
    assert backing._wrapped.exists()  # it is evidence


def test_a_wrapping_token_is_gone_once_it_is_used(made):
    backing = made()
    backing.load(Scope.READ_ONLY)
    assert not backing._wrapped.exists()


def test_a_token_is_renewed_before_it_ends_and_replaced_after(made, server, clock):
    backing = made()
    for passed_s, asked in ((0, LOGIN), (2399, None), (1, RENEW), (2400, RENEW), (3601, LOGIN)):
        clock.ms += passed_s * 1000
        server.asked.clear()
        backing.load(Scope.READ_ONLY)
        assert [path for path in server.asked if path in (LOGIN, RENEW)] == [asked] * bool(asked)


def test_a_token_that_cannot_be_renewed_is_replaced_in_time(made, server, clock):
    server.is_renewable = False
    backing = made()
    backing.load(Scope.READ_ONLY)
    clock.ms += 2_400_000
    server.asked.clear()
    backing.load(Scope.READ_ONLY)
    assert server.asked[0] == LOGIN


def test_a_renewal_that_is_refused_is_a_login(made, server, clock):
    backing = made()
    backing.load(Scope.READ_ONLY)
    clock.ms += 2_400_000
    server.tokens.clear()
    backing.load(Scope.READ_ONLY)
    assert server.asked[-3:-1] == [RENEW, LOGIN]


def test_after_a_revoked_token_the_next_call_logs_in(made, server):
    backing = made()
    backing.load(Scope.READ_ONLY)
    server.tokens.clear()
    with pytest.raises(SecretsError):
        backing.load(Scope.READ_ONLY)
    backing._renew_ms = 0
    assert backing.load(Scope.READ_ONLY).text == ""


def test_of_two_who_change_it_at_once_one_is_told(made):
    one, other = made(), made()
    one.save(Scope.READ_ONLY, "first", "")
    seen = other.load(Scope.READ_ONLY)
    one.save(Scope.READ_ONLY, "second", seen.version)
    with pytest.raises(SecretsError, match="check-and-set"):
        other.save(Scope.READ_ONLY, "lost", seen.version)
    with pytest.raises(SecretsError, match="check-and-set"):
        other.save(Scope.READ_ONLY, "lost", "")
    assert one.load(Scope.READ_ONLY).text == "second"


def test_what_was_deleted_is_empty_and_can_be_set_again(made, server):
    backing = made()
    backing.save(Scope.READ_ONLY, "first", "")
    server.kept["quorate/read-only"].append(None)
    text, version = backing.load(Scope.READ_ONLY)
    assert text == ""
    backing.save(Scope.READ_ONLY, "again", version)
    assert backing.load(Scope.READ_ONLY).text == "again"


@pytest.mark.parametrize("wrong", [429, 500, 502, 503, "cut", "odd"])
@pytest.mark.parametrize("where", ["unwrap", "login", "data"])
def test_no_answer_may_be_asked_again_and_shows_nothing(made, server, wrong, where):
    backing = made()
    server.fault = lambda path: wrong if where in path else None
    with pytest.raises(SecretsUnavailableError) as found:
        backing.load(Scope.READ_ONLY)
    assert found.value.retryable
    said = "".join(traceback.format_exception(found.value))
    assert SECRET_ID not in said
    assert not KNOWN.knows(said)


def test_a_wrong_role_is_refused(made):
    with pytest.raises(SecretsError, match="invalid role"):
        made("another role").load(Scope.READ_ONLY)


def test_no_token_of_the_environment_is_taken(made, server, monkeypatch):
    monkeypatch.setenv("VAULT_TOKEN", "canary-of-the-environment")
    backing = made()
    backing.load(Scope.READ_ONLY)
    assert backing._client.token in server.tokens


@pytest.mark.parametrize("address", ["http://vault.example:8200", "vault:8200", ""])
def test_an_address_without_tls_is_refused(clock, tmp_path, address):
    with pytest.raises(SecretsError, match="https"):
        HashicorpVault(address, ROLE, tmp_path / "wrapped", clock)
