"""The datasets of a bench: names, options and labels."""

import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes.tuning.bench_datasets import dataset_text, datasets_of, folder_of


def test_datasets_are_named_as_text_mapping_or_data(tmp_path):
    table = tmp_path / "data (1)-2.csv"
    table.write_text("a,b\n1,2\n")
    data = recipes.Data.from_arrays(np.arange(40.0)[:, None], np.arange(40) % 2, name="own")
    given = [
        "digits",
        f"{table}(target='b', exclude=('a',))",
        {"name": "mnist", "split": "train[:2%]", "alias": "few"},
        data,
    ]
    digits, file, few, own = datasets_of(given)
    assert (digits.label, digits.name, digits.options) == ("digits", "digits", {})
    assert (few.label, few.name, few.options) == ("few", "mnist", {"split": "train[:2%]"})
    assert own.load() is data
    assert own.label == "own"
    assert (file.label, file.name, file.options) == ("data (1)-2", str(table), {"target": "b", "exclude": ("a",)})
    assert datasets_of([str(table)])[0].name == str(table)
    assert [dataset.label for dataset in datasets_of({"x": "digits", "y": "digits"})] == ["x", "y"]


def test_a_dataset_may_have_a_model_of_its_own():
    own, other = datasets_of(["mnist(split='train[:2%]', model='cnn(filters=[8], hidden=[20])')", "digits"])
    assert own.options == {"split": "train[:2%]"}
    common = recipes.Recipe(optimizer="adam")
    assert own.recipe(common) == recipes.Recipe(model="cnn(filters=[8], hidden=[20])", optimizer="adam")
    assert other.recipe(common) is common


def test_text_is_read_back():
    options = {"name": "data/churn-2.csv", "target": "Churn", "features": ("a", "b"), "model": "mlp(hidden=[5])"}
    (dataset,) = datasets_of([dataset_text(options)])
    assert {"name": dataset.name, **dataset.options, "model": dataset.model} == options
    assert folder_of("a/b:c") == "a_b_c"


OPTION = ["digits(seed=1)"], "unknown option of the dataset 'digits'"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("digits", "a list of datasets"),
        ([], "a list of at least one dataset"),
        ([3], "a name or path"),
        (["digits(3)"], "a name or path"),
        (["digits(target=Churn)"], "a name or path"),
        ([{"target": "b"}], "a name or path"),
        ([{"name": "digits", "taget": "b"}], "did you mean 'target'"),
        (["digits", "digits"], "alias="),
        pytest.param(*OPTION, marks=pytest.mark.thorough),
        ([{"name": "digits", "model": 3}], "with a name as model"),
    ],
)
def test_others_are_refused(given, message):
    with pytest.raises(InvalidArgument, match=message):
        datasets_of(given)
