import pytest

from quorate.live.secrets.entry import Scope, SecretKind, Slot, SlotRow
from quorate.live.secrets.scrubber import Scrubber
from quorate.live.secrets.secret import Secret
from quorate.live.secrets.vetting import DAY_MS, ages, strays

NOW_MS = 1000 * DAY_MS


def row(days, slot=Slot.CURRENT, until_ms=None):
    made = NOW_MS - round(days * DAY_MS)
    return SlotRow("hook", SecretKind.TOKEN, Scope.TRADE, slot, made, made, until_ms)


@pytest.mark.parametrize(
    ("days", "found"), [(90, []), (90.1, [False]), (180, [False]), (180.1, [True]), (-1, [True])]
)
def test_ages_are_remarked_and_then_refused(days, found):
    assert [each.is_refused for each in ages([row(days)], NOW_MS, 90, 180)] == found


def test_an_old_value_past_its_grace_is_to_be_revoked():
    assert ages([row(1, Slot.PREVIOUS, NOW_MS + 1)], NOW_MS, 90, 180) == ()
    (found,) = ages([row(1, Slot.PREVIOUS, NOW_MS)], NOW_MS, 90, 180)
    assert "revoke" in found.fix


def test_values_where_they_must_not_be_are_told_without_them():
    known = Scrubber()
    known.learn(Secret("canary-token-one-5521"))
    found = strays(
        known,
        {"HOOK": "x canary-token-one-5521", "HOME": "home", "VAULT_TOKEN": "t"},
        {"quorate.toml": "hook = 'canary-token-one-5521'", "other.toml": "hook = ''"},
    )
    assert [each.is_refused for each in found] == [True] * 3
    told = " ".join(each.text for each in found)
    assert "canary" not in told
    for name in ("HOOK", "VAULT_TOKEN", "quorate.toml"):
        assert name in told
