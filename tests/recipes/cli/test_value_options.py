"""Commands that take values: their options are the fields of these, with the fields' defaults and helps."""

import dataclasses
import inspect
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

import recipes
from recipes.cli.app import app
from recipes.cli.options import Choices, Compared, Reading
from recipes.cli.value_options import value_options
from recipes.recipe import Recipe
from recipes.tuning.factors import FACTORS
from recipes.tuning.option import option
from recipes.tuning.protocol import Protocol
from recipes.tuning.running.where import Where


@dataclasses.dataclass(frozen=True)
class Size:
    width: int = option(8, "In cells.")
    ratio: float | None = option(None, "Of the sides.")
    upside_down: bool = option(False, "Turned over.")


@pytest.fixture
def draw():
    """``draw("--width", "9")``: what a command of its own receives; a string where it is refused."""
    received = []
    application = typer.Typer()

    @application.command()
    @value_options
    def command(name: Annotated[str, typer.Argument()], size: Size, colour: str = "red") -> None:
        """Draw a thing."""
        received.append((name, size, colour))

    def run(*arguments):
        result = CliRunner().invoke(application, list(arguments))
        return received.pop() if result.exit_code == 0 and received else result.output

    return run


def test_the_command_gets_the_values(draw):
    assert draw("box") == ("box", Size(), "red")
    assert draw("box", "--width", "9", "--ratio", "0.5", "--upside-down", "--colour", "blue") == (
        *("box", Size(9, 0.5, True), "blue"),
    )


def test_a_flag_has_no_opposite_and_a_number_is_a_number(draw):
    assert "--no-upside-down" in draw("box", "--no-upside-down")
    assert "width" in draw("box", "--width", "wide")


def test_the_help_is_that_of_the_fields(draw):
    page = draw("--help")
    for text in ("Draw a thing.", "In cells.", "Of the sides.", "Turned over.", "8"):
        assert text in page


def commands():
    """The commands by name."""
    from recipes.cli import compare_commands, train_commands  # noqa: F401

    return {each.name or each.callback.__name__: inspect.signature(each.callback) for each in app.registered_commands}


def test_search_has_every_option_in_python_and_on_the_command_line():
    """The signature of ``recipes.search``, the values and the command agree in names and defaults."""
    public = {
        name: parameter.default
        for name, parameter in inspect.signature(recipes.search).parameters.items()
        if name not in ("data", "recipe", "directory", "callbacks", "verbose", "renamed")
    }
    values = {field.name: field.default for value in (Protocol, Where) for field in dataclasses.fields(value)}
    compared = {field.name: field.default for field in dataclasses.fields(Compared)}
    assert public == {**compared, **values}
    assert list(compared) == [*(factor.plural for factor in FACTORS.values()), "factors"]
    command = commands()["search"].parameters
    for name, default in public.items():
        assert command[name].default == default


@pytest.mark.parametrize("value", [Reading, Choices, Compared, Protocol, Where])
def test_every_option_has_a_help(value):
    for field in dataclasses.fields(value):
        assert field.metadata["help"].endswith("."), field.name


def test_the_choices_are_those_of_a_recipe():
    assert Choices().recipe() == Recipe()
    assert Choices(optimizer="adam").recipe(0.5) == Recipe(optimizer="adam", learning_rate=0.5)
    fields = {field.name for field in dataclasses.fields(Recipe)}
    assert set(vars(Choices())) == fields - {"learning_rate", "bias"} | {"preset"}
    assert Choices(preset="uncertain", activation="relu").recipe() == recipes.preset("uncertain", activation="relu")


def test_names_to_compare_are_separated_by_commas():
    levels = Compared(optimizers="adam, adam(beta_1=0.8, beta_2=0.9),", regularizers="").levels()
    assert levels["optimizers"] == ["adam", "adam(beta_1=0.8, beta_2=0.9)"]
    assert levels["regularizers"] == []
    assert levels["models"] is None
