"""Whatever is asked of a registry, in whatever order, there is one champion at most and never none.

The moves are drawn at random, most of them not allowed; what is refused changes nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.research.published import audited, checked, look, renewal, sealed

from quorate.errors import RegistryError
from quorate.research import looks, stages
from quorate.research.keys import Signer
from quorate.research.versions import Index, Stage, Version

NOW = datetime(2024, 1, 6, tzinfo=UTC)
CERTIFICATE = "ab" * 32
KEY = Ed25519PrivateKey.generate()
SIGNER = Signer(KEY.public_key().public_bytes_raw(), KEY.sign)
BEGUN = [("publish", "a", True), ("move", 1, Stage.CANARY, True), ("move", 1, Stage.CHAMPION, True)]
mostly = st.sampled_from([True, True, True, False])
acts = st.one_of(
    st.tuples(st.just("publish"), st.sampled_from("ab"), mostly),
    st.tuples(st.just("move"), st.integers(1, 5), st.sampled_from(list(Stage)), mostly),
    st.tuples(st.just("back"), st.none() | st.integers(1, 5)),
)
# half of them begin with a champion: luck alone seldom makes one
many = st.tuples(st.sampled_from([[], BEGUN]), st.lists(acts, max_size=30)).map(
    lambda x: x[0] + x[1]
)


def made(number, recipe, at):
    return Version(
        number=number,
        digest=f"{number:064x}",
        certificate=CERTIFICATE,
        until=NOW,
        recipe={"of": recipe},
        engines=(),
        parent=None,
        metrics={},
        audit="",
        published_at=at,
    )


def done(index, act):
    kind, *rest = act
    at = index.history[-1].at if index.history else NOW
    if kind == "publish":
        recipe, has_all = rest
        version = made(len(index.versions) + 1, recipe, at)
        old = index.of(version.recipe_hash)
        evidence = [sealed(audited(CERTIFICATE), SIGNER)]
        if has_all and old is not None:
            evidence += [checked(CERTIFICATE), renewal(old.digest, version.digest)]
        return stages.added(index, version, "drawn", evidence, [SIGNER.public])
    if kind == "move":
        number, to, has_look = rest
        version, champion = index.version(number), index.champion
        seen = []
        if has_look and champion and version is not champion:
            plan = looks.planned(index, number)
            given = {"first": plan.start, "plan": plan.bounds}
            seen = [look(version.digest, champion.digest, **given)]
            at += timedelta(days=60)
            index = looks.looked(index, number, plan, seen[0], at)
        return stages.moved(index, number, to, at, "drawn", seen, override="drawn")
    return stages.rolled_back(index, at, "drawn", *rest)


@settings(max_examples=300, deadline=None)
@given(many)
def test_there_is_one_champion_and_the_history_says_how_it_came(drawn):
    index = Index()
    for act in drawn:
        before = index
        try:
            index = done(index, act)
        except RegistryError:
            continue
        assert [each.number for each in index.versions] == list(range(1, 1 + len(index.versions)))
        champions = [each for each in index.versions if each.stage is Stage.CHAMPION]
        assert len(champions) <= 1
        assert champions or before.champion is None
        if act[0] == "back":
            assert champions[0].number != before.champion.number
        assert index.history[: len(before.history)] == before.history
        stood = {}
        for move in index.history:
            assert stood.get(move.version) == move.before
            stood[move.version] = move.after
        assert stood == {each.number: each.stage for each in index.versions}
        if champions:
            assert index.champions[-1] == champions[0].number
            assert index.champion_at(index.history[-1].at) == champions[0]


@settings(max_examples=150, deadline=None)
@given(many)
def test_no_champion_beside_another_came_without_a_verdict_a_test_or_a_rollback(drawn):
    index = Index()
    for act in drawn:
        try:
            index = done(index, act)
        except RegistryError:
            continue
    had = False
    for move in index.history:
        if move.after is not Stage.CHAMPION:
            continue
        kinds = {each["kind"] for each in move.evidence}
        assert (
            not had
            or move.how == "rolled back"
            or "promotion" in kinds
            or kinds == {"audit", "data", "non-inferiority"}
        )
        had = True
