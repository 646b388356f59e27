"""A plan of looks is fixed once, is kept to its end, and counts who else is looked at."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from tests.unit.research.published import (
    FIRST,
    LATER,
    NOW,
    OTHER,
    hours,
    look,
    published,
    renewed,
    shown,
    small,
    taken,
    with_champion,
)

from quorate.errors import RegistryError
from quorate.research import looks, registry
from quorate.research.planned import Asked, Planned
from quorate.research.versions import How, Stage
from quorate.statistics.promotion import Outcome
from quorate.statistics.sequential import LONG_LOOKS, LOOKS

EXTEND = {"outcome": Outcome.EXTEND, "reasons": ("luck",)}
REJECT = {"outcome": Outcome.REJECT, "reasons": ("luck",)}
THIRD = {"settings": {"consensus": {"k": 2.0}}, "engines": {"ema_cross": "ab"}}


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("QUORATE_CONFIG_DIR", str(tmp_path / "config"))


@pytest.fixture
def place(tmp_path):
    return tmp_path / "registry"


@pytest.fixture
def sets(tmp_path):
    return [small(tmp_path / f"set{day}", day)[0] for day in (2, 3, 4, 5)]


@pytest.fixture
def pair(place, sets):
    """Return a champion and a challenger that is a candidate."""
    return with_champion(place, sets[0]), published(place, sets[1], OTHER)


def shadow(place, version, at=NOW, **asked):
    plan, why = Asked(**asked), "beside it"
    return registry.move(
        place, version.name, Stage.SHADOW, at=at, why=why, asked=plan, override="a test of looks"
    )


def plan_of(place, version, **asked):
    return looks.planned(registry.read(place), version.name, Asked(**asked))


def test_shadow_fixes_the_plan_from_the_next_day_on(place, pair):
    shadow(place, pair[1], hours(20), max_days=90, expected=2.0)
    index = registry.read(place)
    assert [move.how for move in index.history[-2:]] == [How.MOVED, How.PLANNED]
    assert index.history[-1].before is index.history[-1].after is Stage.SHADOW
    plan = plan_of(place, pair[1])
    assert plan == Planned(
        champion=pair[0].recipe_hash, start=date(2024, 1, 7), looks=LONG_LOOKS, expected=2.0
    )
    assert looks.standing(index, pair[1]).taken == ()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"max_days": 90}, "with max_days 28: 90 is another"),
        ({"start": date(2024, 1, 8)}, "with start 2024-01-07: 2024-01-08 is another"),
        ({"challengers": 2}, "with challengers 1: 2 is another"),
        ({"expected": 0.5}, "with expected 1.0: 0.5 is another"),
    ],
)
def test_another_plan_is_refused_and_what_differs_is_named(place, pair, asked, said):
    shadow(place, pair[1])
    assert plan_of(place, pair[1], max_days=28, start=FIRST, challengers=1, expected=1.0)
    with pytest.raises(RegistryError, match=said) as caught:
        plan_of(place, pair[1], **asked)
    assert "the plan of v0002 against v0001 was fixed 2024-01-06 02:00 UTC" in str(caught.value)


def test_after_the_last_look_no_longer_plan_begins(place, pair):
    """The plan is over: 90 days are no way out of a rejection at 28."""
    taken(place, pair[1], pair[0], **REJECT)
    with pytest.raises(RegistryError, match="with max_days 28: 90 is another"):
        plan_of(place, pair[1], max_days=90)
    index = registry.read(place)
    made = Planned(champion=pair[0].recipe_hash, start=FIRST, looks=LONG_LOOKS)
    seen = look(pair[1].digest, pair[0].digest, plan=made.bounds, **EXTEND)
    with pytest.raises(RegistryError, match="with max_days 28: 90 is another"):
        looks.looked(index, pair[1].name, made, seen, LATER)


def test_a_look_is_kept_and_the_same_again_changes_nothing(place, pair):
    first = taken(place, pair[1], pair[0], day=14, **EXTEND)
    index = registry.read(place)
    assert [move.how for move in index.history[-2:]] == [How.PLANNED, How.LOOKED]
    assert index.history[-1].evidence[0]["verdict"]["outcome"] == "EXTEND"
    assert index.history[-1].why == "day 14: EXTEND"
    plan = plan_of(place, pair[1])
    registry.look(place, pair[1].name, plan, first, at=LATER)
    assert registry.read(place) == index
    other = look(pair[1].digest, pair[0].digest, day=14, outcome=Outcome.PROMOTE)
    with pytest.raises(RegistryError, match="on day 14 was taken and came to EXTEND"):
        registry.look(place, pair[1].name, plan, other, at=LATER)


def test_looks_go_on_and_end_with_a_verdict(place, pair):
    taken(place, pair[1], pair[0], day=21, **EXTEND)
    with pytest.raises(RegistryError, match="look of day 21 was taken: day 14 is passed"):
        taken(place, pair[1], pair[0], day=14, **EXTEND)
    taken(place, pair[1], pair[0], day=28)
    with pytest.raises(RegistryError, match="was taken and came to PROMOTE"):
        taken(place, pair[1], pair[0], day=28, **REJECT)


def test_a_rejection_ends_a_plan_before_its_last_look(place, pair):
    taken(place, pair[1], pair[0], day=14, **REJECT)
    with pytest.raises(RegistryError, match="plan of v0002 ended on day 14 with REJECT"):
        taken(place, pair[1], pair[0], day=21)


def test_who_comes_again_does_so_on_other_days_as_one_more(place, pair):
    shadow(place, pair[1])
    taken(place, pair[1], pair[0], **REJECT)
    registry.move(place, pair[1].name, Stage.CANDIDATE, at=LATER, why="back")
    shadow(place, pair[1], LATER)
    plan = plan_of(place, pair[1])
    assert plan.start == date(2024, 2, 6)
    assert plan.challengers == 2


def test_an_open_plan_is_kept_through_another_beginning(place, pair):
    shadow(place, pair[1])
    taken(place, pair[1], pair[0], day=14, **EXTEND)
    registry.move(place, pair[1].name, Stage.CANDIDATE, at=LATER, why="back")
    shadow(place, pair[1], LATER)
    assert plan_of(place, pair[1]).start == FIRST
    registry.move(place, pair[1].name, Stage.CANDIDATE, at=LATER, why="back")
    with pytest.raises(RegistryError, match="with max_days 28: 90 is another"):
        shadow(place, pair[1], LATER, max_days=90)


def test_challengers_are_counted(place, sets, pair):
    third = published(place, sets[2], THIRD)
    shadow(place, pair[1])
    shadow(place, third)
    assert [plan_of(place, each).challengers for each in (pair[1], third)] == [1, 2]
    assert plan_of(place, third).bounds.level == 0.025


def test_fewer_challengers_than_are_known_are_refused_more_are_not(place, sets, pair):
    third = published(place, sets[2], THIRD)
    shadow(place, pair[1])
    with pytest.raises(RegistryError, match="1 challengers are asked for, the registry counts 2"):
        plan_of(place, third, challengers=1)
    assert plan_of(place, third, challengers=5).challengers == 5


def test_days_before_it_was_published_count_as_seen(place, pair):
    with pytest.raises(RegistryError, match=r"days from 2024-01-06 on .* begin 2024-01-07: it was"):
        plan_of(place, pair[1], start=date(2024, 1, 6))
    assert plan_of(place, pair[1], start=date(2024, 1, 9)).start == date(2024, 1, 9)
    assert looks.day_from(NOW.replace(hour=0)) == NOW.date()


def test_a_look_whose_days_are_not_over_or_not_the_plans_is_refused(place, pair):
    shadow(place, pair[1])
    over = LATER - timedelta(days=1, hours=2)  # the midnight after the 28th day
    with pytest.raises(RegistryError, match="day 28 of the plan is 2024-02-03, which is not over"):
        taken(place, pair[1], pair[0], over - timedelta(minutes=1))
    with pytest.raises(RegistryError, match="the look at day 28 from 2024-01-05 is none of the"):
        taken(place, pair[1], pair[0], first=date(2024, 1, 5))
    easier = Planned(champion="", start=FIRST, looks=(28,)).bounds
    with pytest.raises(RegistryError, match="the look at day 28 from 2024-01-07 is none of the"):
        taken(place, pair[1], pair[0], plan=easier)
    taken(place, pair[1], pair[0], over)


def test_a_plan_of_days_that_count_as_seen_or_of_fewer_challengers_keeps_no_look(place, sets, pair):
    shadow(place, published(place, sets[2], THIRD))
    index = registry.read(place)
    for change, said in (
        ({"start": date(2024, 1, 3), "challengers": 2}, "count as seen"),
        ({"challengers": 1}, "the registry counts 2"),
        ({"challengers": 2, "level": 0.2}, "the plan of v0002 is another"),
    ):
        plan = Planned(**({"champion": pair[0].recipe_hash, "start": FIRST} | change))
        seen = look(pair[1].digest, pair[0].digest, first=plan.start, plan=plan.bounds)
        with pytest.raises(RegistryError, match=said):
            looks.looked(index, pair[1].name, plan, seen, LATER)


def test_a_plan_is_the_recipes_and_ends_with_the_champions(place, sets, pair):
    old, made = pair
    shadow(place, made)
    refit = renewed(place, sets[2], made, OTHER)
    assert plan_of(place, refit).start == FIRST
    taken(place, made, old)
    good, figures = taken(place, made, old), shown(refit, old, "canary")
    for stage in (Stage.CANARY, Stage.CHAMPION):
        registry.move(place, refit.name, stage, at=LATER, why="better", evidence=(good, figures))
    index = registry.read(place)
    assert looks.standing(index, old) is None
    assert looks.not_before(index, refit) == date(2024, 2, 4)
    assert looks.challengers(index, old) == 1


def test_without_a_champion_there_is_no_plan(place, sets):
    made = published(place, sets[0])
    shadow(place, made)
    assert [move.how for move in registry.read(place).history] == [How.PUBLISHED, How.MOVED]
    with pytest.raises(RegistryError, match="no champion to be held against"):
        plan_of(place, made)
    assert Planned(champion="", start=FIRST).looks == LOOKS
