"""--config: a file of options, which are read and checked as those that are typed."""

import dataclasses
import json
import re
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from callbacks.checks import InvalidArgument
from recipes.cli.config_option import option_text, read_config
from recipes.cli.options import Choices, Compared, Reading
from recipes.cli.value_options import value_options
from recipes.recipe import Recipe
from recipes.tuning.checking import check_search
from recipes.tuning.config_file import config_text, data_options, search_options
from recipes.tuning.designs import factors_of
from recipes.tuning.protocol import Protocol
from recipes.tuning.running.where import Where


@pytest.fixture
def search(tmp_path):
    """``search("epochs: 3", "--trials", "2")``: what the options are read as; the message where they are refused."""
    received = []
    application = typer.Typer()

    @application.command()
    @value_options
    def command(
        dataset: Annotated[str, typer.Argument()],
        reading: Reading,
        compared: Compared,
        choices: Choices,
        protocol: Protocol,
        where: Where,
        batch_size: int | None = None,
        validation: float | None = None,
        learning_rate: float | None = None,
    ) -> None:
        received.append((dataset, reading, compared, choices, protocol, where, batch_size, learning_rate, validation))

    def run(text, *typed):
        file = tmp_path / "search.yaml"
        file.write_text(text)
        result = CliRunner().invoke(application, [*typed, "--config", str(file)])
        if isinstance(result.exception, InvalidArgument):
            return str(result.exception)
        return received.pop() if received else result.output

    return run


def test_values_are_those_of_the_options(search):
    text = """
        dataset: churn.csv
        target: no            # YAML's words and numbers are texts, as on the command line
        features: {age: number, 2020-01-01: category}
        skip_broken: true
        batch_size: 64
        optimizers: [sgd, {name: adam, beta_2: .95}]
        regularizers: none,l2+dropout
        factors: {batch_size: [32, 128], model.hidden: ["(100,)", "(300, 100)"]}
        class_weight: {on: 2, off: 1}
        regularizer: [l2, {name: dropout, rate: 1e-1}]
        metric: null
        resplit: off
        ranges: {l2.strength: [1e-5, 1e-4], adam.learning_rate: 1e-4:1e-2}
        workers: 1
    """
    dataset, reading, compared, choices, protocol, where, size, *_ = search(text, "--epochs", "3")
    assert (dataset, reading.target, reading.skip_broken, size) == ("churn.csv", "no", True, 64)
    assert reading.for_load()["features"] == {"age": "number", "2020-01-01": "category"}
    levels = compared.levels()
    assert levels["optimizers"] == ["sgd", "adam(beta_2=0.95)"]
    assert levels["regularizers"] == ["none", "l2+dropout"]
    assert (levels["batch_size"], levels["model.hidden"]) == ([32, 128], [(100,), (300, 100)])
    assert choices.recipe().class_weight == {"on": 2.0, "off": 1.0}
    assert choices.recipe().regularizer == ("l2", {"name": "dropout", "rate": 0.1})
    ranges = "l2.strength=1e-5/1e-4,adam.learning_rate=1e-4:1e-2"
    assert protocol == Protocol(epochs=3, resplit=False, ranges=ranges)
    assert where == Where()


def test_what_is_typed_wins(search):
    text = "dataset: digits\nepochs: 5\nresplit: true\nwiden: true"
    protocol = search(text, "--epochs", "7", "--no-resplit", "--trials", "2")[4]
    assert protocol == Protocol(epochs=7, trials=2, resplit=False, widen=True)
    assert search(text, "mnist")[0] == "mnist"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("optimizrs: adam", r"'optimizrs' is none \(did you mean 'optimizers'\?\). Received: config='.*search.yaml'"),
        ("config: other.yaml", "'config' is none"),
        ("epochs: ten", r"epochs='ten': .*valid integer.* Received: config='.*search.yaml'"),
        ("epochs: [1, 2]", "epochs="),
        ("optimizers: [[sgd], [[adam]]]", "optimizers must be a text, a list of texts"),
        ("exclude: ['a,b']", "exclude must be a list of texts without ','"),
        ("optimizers: ~", "with the levels of 'optimizers', or without this line"),
        ("factors:", "with the levels of 'factors', or without this line"),
        ("epochs: 1\nepochs: 2", r"has 'epochs' once \(again in line 2\)"),
        ("epochs: {a: 1", r"a YAML file \(line 1: .*\)"),
        ("epochs", 'a YAML file of lines such as "epochs: 10"'),
        ("{[a]: 1}", "whose keys are names"),
        ("epochs: !!python/object/apply:os.system ['exit 3']", "without types such as tag:yaml.org,2002:python/object"),
        ("optimizers: &a [sgd]\nregularizers: *a", r"without aliases of lists or mappings \(line 1\)"),
    ],
)
def test_others_are_refused_in_a_line_that_names_the_file(search, text, message):
    received = search(text, "digits")
    assert isinstance(received, str)
    assert re.search(message, received)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InvalidArgument, match="a YAML file that can be read"):
        read_config(tmp_path / "search.yaml")


def test_the_recipe_of_an_export_is_a_file_of_options(search):
    recipe = Recipe(optimizer={"name": "adam", "beta_2": 0.95}, regularizer="l2+dropout", learning_rate=0.01)
    _, _, _, choices, *_, rate, _ = search(recipe.to_json(), "digits")
    assert choices.recipe(rate) == recipe
    assert search(Recipe(regularizer="none").to_json(), "digits")[3].recipe() == Recipe(regularizer="none")
    assert "a recipe whose bias is 0.0" in search(Recipe(bias=0.5).to_json(), "digits")


def test_a_search_is_repeated_by_the_file_that_it_writes(search, tmp_path):
    recipe = Recipe(optimizer={"name": "adam", "beta_2": 0.95}, class_weight={"yes": 2.0}, regularizer="l2+dropout")
    protocol = Protocol(epochs=3, metric="auc", repeats="auto", minutes=5, ranges="l2.strength=1e-5/1e-4", widen=True)
    where = Where(memory_limit=2.0)
    levels = {"optimizers": ["momentum", "adam(beta_2=0.9, beta_1=0.8)"], "batch_size": [16, 32]}
    arms, _ = check_search(recipe, levels, protocol, where, tmp_path / "new")
    data = {"name": "digits", "version": "1", "seed": 0, "test": 0.2, "validation": 0.25, "batch_size": 8}
    data["options"] = {"target": "no", "features": ["a", "b c"], "image_size": (8, 8), "duplicates": "ignore"}
    read, others = data_options(data, 0), search_options(recipe, factors_of(arms), protocol, where)
    dataset, reading, compared, choices, *how, size, _, _ = search(
        config_text(["A comment."], {"data": read, **others})
    )
    assert (dataset, size, how) == ("digits", 8, [protocol, where])
    loaded = reading.for_load()
    assert (loaded["features"], loaded["image_size"], loaded["target"]) == (["a", "b c"], (8, 8), "no")
    assert choices.recipe() == recipe
    assert check_search(recipe, compared.levels(), protocol, where, tmp_path / "new")[0] == arms


def test_what_the_command_line_cannot_repeat_is_not_written():
    data = {"name": "digits", "version": "1", "seed": 0, "test": 0.2, "validation": 0.2, "batch_size": 8}
    assert data_options(data, 0) == {"dataset": "digits", "batch_size": 8, "validation": 0.2}
    for change in ({"seed": 1}, {"validation": "fold 1 of 5"}, {"test": 0.3}, {"options": {"exclude": ["a,b"]}}):
        assert data_options({**data, **change}, 0) is None
    assert data_options({name: value for name, value in data.items() if name != "version"}, 0) is None
    factors = {"optimizers": ("adam",), "regularizers": ("none",)}
    assert search_options(Recipe(), factors, Protocol(), Where()) is not None
    for recipe in (Recipe(bias=0.5), Recipe(learning_rate=0.1), Recipe(model=lambda spec: None)):
        assert search_options(recipe, factors, Protocol(), Where()) is None


def test_fields_are_known_by_the_names_of_their_options():
    assert option_text("regularizer", []) == "none"
    fields = {field.name for field in dataclasses.fields(Choices)}
    assert fields - {"preset"} == set(json.loads(Recipe(precision="float32", loss="huber").to_json())) - {
        "recipe",
        "learning_rate",
        "bias",
    }
