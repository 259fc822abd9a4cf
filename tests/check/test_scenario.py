"""Scenarios come by name, take ingredients, and may be the user's own."""

from __future__ import annotations

import sys

import pytest

from gputlb.check import INGREDIENTS, SCENARIOS, BadScenario, Scenario, UnknownScenario, scenario


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    """Put a module with a scenario of the user's on the path."""
    (tmp_path / "my_scenarios.py").write_text(
        "from gputlb.check import Scenario\nBUSY = Scenario('busy', 'many clients', clients=4)\nOTHER = 3\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "my_scenarios.py"
    sys.modules.pop("my_scenarios", None)


def test_every_scenario_is_named_as_it_is_listed_and_made_of_known_ingredients():
    for name, each in SCENARIOS.items():
        assert name == each.name
        assert set() == each.ingredients - set(INGREDIENTS)


def test_every_ingredient_is_in_some_scenario():
    assert set(INGREDIENTS) == {name for each in SCENARIOS.values() for name in each.ingredients}


def test_ingredients_are_added_and_leave_the_original_alone():
    assert {"park", "reset"} == scenario("parked").having("reset").ingredients
    assert {"park"} == scenario("parked").ingredients


def test_an_unknown_ingredient_is_answered_with_the_nearest():
    with pytest.raises(UnknownScenario) as caught:
        scenario("default").having("restet")

    assert f"ingredient 'restet' is unknown; did you mean reset or posted?; there are {', '.join(INGREDIENTS)}" == str(
        caught.value
    )


@pytest.mark.parametrize("sleeper", ["asleep", "power"])
def test_nothing_sleeps_where_contexts_never_end(sleeper: str):
    assert {sleeper, "park"} == Scenario("own", "", ingredients=frozenset({sleeper})).ingredients
    assert {sleeper, "park"} == scenario("default").having(sleeper).ingredients


def test_a_scenario_made_of_an_unknown_ingredient_is_answered_with_the_nearest():
    with pytest.raises(UnknownScenario, match="ingredient 'prak' is unknown; did you mean park\\?; there are park, "):
        Scenario("typo", "", ingredients=frozenset({"prak"}))


@pytest.mark.parametrize(
    ("field", "value", "must"),
    [
        ("name", 3, "be a string"),
        ("summary", None, "be a string"),
        ("clients", 0, "be a whole number from 1 to 8"),
        ("clients", -1, "be a whole number from 1 to 8"),
        ("clients", "2", "be a whole number from 1 to 8"),
        ("clients", True, "be a whole number from 1 to 8"),
        ("clients", 9, "be a whole number from 1 to 8"),
        ("engines_together", 0, "be a whole number from 1 to 16"),
        ("rounds", 0, "be None or a whole number from 1 to 1000"),
        ("rounds", 1.5, "be None or a whole number from 1 to 1000"),
        ("ingredients", ["park"], "be a frozenset of names, such as frozenset({'park'})"),
        ("ingredients", "park", "be a frozenset of names, such as frozenset({'park'})"),
    ],
)
def test_a_field_that_makes_no_sense_is_named(field: str, value: object, must: str):
    with pytest.raises(BadScenario) as caught:
        Scenario(**{"name": "own", "summary": "", field: value})  # type: ignore[arg-type]

    assert f"a scenario's {field} must {must}, not {value!r}" == str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "error", "why"),
    [
        ("clients=0", BadScenario, "a scenario's clients must be a whole number from 1 to 8, not 0"),
        ("ingredients=frozenset({'prak'})", UnknownScenario, "ingredient 'prak' is unknown; did you mean park?; "),
    ],
)
def test_a_scenario_of_one_s_own_that_makes_no_sense_is_named_with_its_line(own_module, wrong, error, why):
    own_module.write_text(f"from gputlb.check import Scenario\n\nWRONG = Scenario('wrong', '', {wrong})\n")

    with pytest.raises(error) as caught:
        scenario("my_scenarios:WRONG")

    assert str(caught.value).startswith(f"scenario 'my_scenarios:WRONG', {own_module}:3: {why}")
    assert str(caught.value).endswith("; mend that line")


def test_an_unknown_scenario_is_answered_with_the_nearest():
    with pytest.raises(UnknownScenario) as caught:
        scenario("prked")

    assert f"scenario 'prked' is unknown; did you mean parked or posted?; there are {', '.join(SCENARIOS)}" == str(
        caught.value
    )


def test_a_scenario_of_one_s_own_is_imported(own_module):
    assert 4 == scenario("my_scenarios:BUSY").clients
    assert isinstance(scenario("my_scenarios:BUSY"), Scenario)


def test_what_is_no_scenario_is_named_with_its_file(own_module):
    with pytest.raises(UnknownScenario) as caught:
        scenario("my_scenarios:BSY")

    assert f"scenario 'my_scenarios:BSY': {own_module} has no Scenario 'BSY'; did you mean BUSY?" == str(caught.value)


def test_a_module_that_cannot_be_imported_is_named():
    with pytest.raises(UnknownScenario) as caught:
        scenario("no_such_module:X")

    assert (
        "scenario 'no_such_module:X': module 'no_such_module' can't be imported (ModuleNotFoundError(\"No module named "
        "'no_such_module'\")); is its folder on PYTHONPATH?"
    ) == str(caught.value)
