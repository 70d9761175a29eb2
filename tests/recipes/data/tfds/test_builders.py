"""What is inferred from published TFDS builders of many shapes, prepared from records made here."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes.data.tfds import network
from recipes.models import model_for

from ..builders import CASES, REFUSED, prepare

pytestmark = pytest.mark.filterwarnings("ignore:dataset .* (is rare|is an input|no labels|without a value)")
TEXTS = ["cabin", "home.dest", "name", "ticket"]
"""Columns of the titanic that are texts here because their random content is."""
NUMBERS = {
    "wine_quality": "alcohol,chlorides,citric acid,density,fixed acidity,free sulfur dioxide,pH,residual sugar,"
    "sulphates,total sulfur dioxide,volatile acidity",
    "diamonds": "carat,depth,table,x,y,z",
    "forest_fires": "DC,DMC,FFMC,ISI,RH,X,Y,rain,temp,wind",
}
MIXED = {
    "smallnorb": {
        **dict.fromkeys(["image", "image2"], "image"),
        **dict.fromkeys(["instance", "label_azimuth", "label_elevation", "label_lighting"], "category"),
    },
    "titanic": {
        **dict.fromkeys(["age", "fare", "parch", "sibsp"], "number"),
        **dict.fromkeys(["embarked", "pclass", "sex"], "category"),
        **dict.fromkeys(TEXTS, "text"),
    },
    "movielens/100k-ratings": {
        **dict.fromkeys(["bucketized_user_age", "raw_user_age", "timestamp", "user_gender"], "number"),
        "user_occupation_label": "category",
        **dict.fromkeys(["movie_id", "movie_title", "user_id", "user_occupation_text", "user_zip_code"], "text"),
    },
    "glue/mnli": {"hypothesis": "text", "premise": "text"},
}


def columns(name, **others):
    """The kinds of columns whose names have "features." before them."""
    kinds = dict.fromkeys(NUMBERS[name].split(","), "number") | others
    return {f"features.{column}": kind for column, kind in kinds.items()}


WORDS = {"inputs": "text"}
UNLABELLED = [("test", "glue/rte"), ("test", "glue/stsb")]
EXPECTED = {
    "mnist": ("image", "multiclass", (28, 28, 1), 10, {}, "cnn"),
    "cifar10": ("image", "multiclass", (32, 32, 3), 10, {}, "cnn"),
    "cats_vs_dogs": ("image", "binary", (32, 32, 3), 1, {}, "cnn"),
    "dsprites": ("image", "regression", (64, 64, 1), 1, {}, "cnn"),
    "voc/2007": ("image", "multilabel", (32, 32, 3), 20, {}, "cnn"),
    "celeb_a": ("image", "multilabel", (32, 32, 3), 2, {}, "cnn"),
    "smallnorb": ("mixed", "multiclass", (), 5, MIXED["smallnorb"], "mixed"),
    "iris": ("tabular", "multiclass", (4,), 3, {}, "mlp"),
    "german_credit_numeric": ("tabular", "binary", (24,), 1, {}, "mlp"),
    "penguins/processed": ("tabular", "multiclass", (4,), 3, {}, "mlp"),
    "titanic": ("mixed", "binary", (), 1, MIXED["titanic"], "mixed"),
    "wine_quality/white": ("tabular", "regression", (), 1, columns("wine_quality"), "tabular"),
    "diamonds": (
        *("tabular", "regression", (), 1),
        columns("diamonds", **dict.fromkeys(["clarity", "color", "cut"], "category")),
        "tabular",
    ),
    "forest_fires": (
        *("tabular", "regression", (), 1),
        columns("forest_fires", day="category", month="category"),
        "tabular",
    ),
    "movielens/100k-ratings": ("mixed", "regression", (), 1, MIXED["movielens/100k-ratings"], "mixed"),
    "imdb_reviews/plain_text": ("text", "binary", (), 1, WORDS, "text"),
    "glue/sst2": ("text", "binary", (), 1, WORDS, "text"),
    "glue/mnli": ("mixed", "multiclass", (), 3, MIXED["glue/mnli"], "mixed"),
    "glue/rte": ("mixed", "binary", (), 1, dict.fromkeys(["sentence1", "sentence2"], "text"), "mixed"),
    "glue/stsb": ("mixed", "regression", (), 1, dict.fromkeys(["sentence1", "sentence2"], "text"), "mixed"),
    "snli": ("mixed", "multiclass", (), 3, MIXED["glue/mnli"], "mixed"),
    "oxford_iiit_pet": ("image", "multiclass", (32, 32, 3), 37, {}, "cnn"),
}
CLASSES = {
    "cats_vs_dogs": ("cat", "dog"),
    "celeb_a": ("attributes.Smiling", "attributes.Young"),
    "iris": ("Iris-setosa", "Iris-versicolor", "Iris-virginica"),
    "titanic": ("died", "survived"),
    "glue/mnli": ("entailment", "neutral", "contradiction"),
}


def passenger(record, number):
    """A record of the titanic whose columns tell nothing of who survived, with the gaps that the published one has."""
    gaps = {"age": -1.0, "cabin": "Unknown"} if number % 3 == 0 else {"age": number / 2.0}
    return {**record, "sex": number // 2 % 2, "embarked": number // 3 % 4, "pclass": number // 5 % 3, **gaps}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """``loaded("mnist", ...)``: a builder as Data, prepared once."""
    folder = tmp_path_factory.mktemp("published")

    def make(name, options, sizes):
        if not (folder / name.split("/")[0]).is_dir() or "/" in name:
            more = {"change": passenger} if name == "titanic" else {}
            prepare(name, folder, sizes, **more)
        return recipes.load(name, data_dir=folder, **options)

    return make


def test_all_are_here():
    assert set(EXPECTED) == {name for name, _, _ in CASES}
    assert len(CASES) >= 22


@pytest.mark.filterwarnings("ignore:.*is rare:UserWarning")  # VOC has 20 labels
@pytest.mark.parametrize(("name", "options", "sizes"), CASES, ids=[name for name, _, _ in CASES])
@pytest.mark.ordinarily("celeb_a", "titanic", "movielens/100k-ratings", "imdb_reviews/plain_text")
def test_what_is_inferred(loaded, name, options, sizes):
    data = loaded(name, options, sizes)
    spec = data.spec
    kinds = {each.name: each.kind for each in spec.features}
    assert (spec.kind, spec.task, spec.input_shape, spec.outputs, kinds, model_for(spec)) == EXPECTED[name]
    assert spec.class_names[:3] == CLASSES.get(name, spec.class_names[:3])
    assert spec.resized is ("image_size" in options)
    counts = data.settings["counts"]
    held = [split for split in ("test", "validation") if split in sizes and (split, name) not in UNLABELLED]
    assert data.settings["test"] == (f"published {held[0]}" if held else 0.2)
    if name != "snli":
        assert counts["train"] + counts["validation"] + (0 if held else counts["test"]) == sizes["train"]
        assert not held or counts["test"] == sizes[held[0]]
    else:
        assert counts == {"train": 72, "validation": 18, "test": 18}
    assert recipes.Spec.from_config(json.loads(json.dumps(spec.to_config()))) == spec
    x, y = data.train.element_spec
    assert (y.shape[1:], y.dtype.name) == (
        () if spec.outputs == 1 or spec.task == "multiclass" else (spec.outputs,),
        "float32" if spec.task == "regression" else "int64",
    )
    if not spec.record:
        assert (x.dtype.name, x.shape[1:]) == (spec.input_dtype, spec.input_shape)


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.ordinarily("wmt14_translate/de-en", "coco/2017", "speech_commands", "ucf101", "lm1b")
def test_what_no_model_takes_is_refused_in_words_before_a_download(name, tmp_path, monkeypatch):
    monkeypatch.setattr(network, "reachable", lambda urls: pytest.fail("asked for the network"))
    with pytest.raises(InvalidArgument, match=REFUSED[name]) as error:
        recipes.load(name, data_dir=tmp_path)
    assert "\n" not in str(error.value)


def test_missing_ages(loaded):
    (case,) = [case for case in CASES if case[0] == "titanic"]
    data = loaded(*case)
    age = next(each for each in data.spec.features if each.name == "age")
    known = data.arrays("train")[0]["age"]
    assert age.missing == -1.0
    assert age.mean == pytest.approx((known[known >= 0].mean(),), rel=1e-6)


def test_the_boat_that_only_survivors_have_is_named(tmp_path):
    def change(record, number):
        survived = int(number % 2)
        boat = f"boat {number % 7}" if survived else "Unknown"
        return {**passenger(record, number), "survived": survived, "boat": boat, "body": number // 2 % 50}

    prepare("titanic", tmp_path, {"train": 200}, change)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        recipes.load("titanic", data_dir=tmp_path)
        recipes.load("titanic", data_dir=tmp_path, exclude=["boat"])
    messages = [str(each.message) for each in said if issubclass(each.category, UserWarning)]
    assert messages == [
        "dataset 'titanic': column 'boat' alone predicts the target almost perfectly (accuracy 1.000); if it would not"
        " be known when predicting, leave it out: exclude=['boat']"
    ]


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore:.*is rare:UserWarning")  # VOC has 20 labels
@pytest.mark.parametrize(("name", "options", "sizes"), CASES, ids=[name for name, _, _ in CASES])
def test_each_can_be_trained_and_exported(loaded, tmp_path, name, options, sizes):
    data = loaded(name, options, sizes)
    run = recipes.fit(data, recipes.Recipe(learning_rate=0.001), epochs=2, verbose=0)
    assert not run.diverged
    assert np.isfinite(list(run.evaluate().values())).all()
    facts = json.loads(Path(recipes.export(run, tmp_path / "out"), "export.json").read_text())
    assert {"saved_model", "keras", "predictor"} <= set(facts["checked"]["largest_difference"])
    assert facts["test"] == run.evaluate()
