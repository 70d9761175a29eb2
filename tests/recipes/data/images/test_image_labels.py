"""A folder of images with a table of their labels."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import recipes
from callbacks.checks import InvalidArgument
from recipes.data import load_images

from ..pictures import loaded, rows, save

FRAME = pd.DataFrame({"id": [f"{n:03}" for n in range(40)], "breed": np.where(np.arange(40) % 2, "pug", "lab")})

SPLITS = ("train", "validation", "test")


@pytest.fixture
def flat(tmp_path):
    for number in range(40):
        save(tmp_path / "flat" / "images" / f"{number:03}.png", number, (4, 5))
    return tmp_path / "flat"


@pytest.mark.parametrize("form", ["{}", "{}.png", "images/{}.png", "./images/{}.png", " {}.png"])
@pytest.mark.ordinarily("./images/{}.png", "{}")
def test_a_table_of_labels(flat, form):
    frame = FRAME.assign(id=FRAME["id"].map(form.format))
    frame.to_csv(flat / "labels.csv", index=False)
    data = load_images(flat, labels="labels.csv")
    assert (data.spec.class_names, data.spec.task, data.spec.input_shape) == (("lab", "pug"), "binary", (4, 5, 1))
    expected = {np.asarray(Image.open(flat / "images" / f"{n:03}.png")).tobytes(): n % 2 for n in range(40)}
    assert dict(rows(data)) == expected
    assert load_images(flat, labels=frame).fingerprint == data.fingerprint
    assert recipes.load(flat, labels=flat / "labels.csv").fingerprint == data.fingerprint


def test_targets_of_every_kind(flat):
    frame = FRAME.assign(age=np.arange(40) / 3, tame=np.arange(40) % 3 == 0, fast=np.arange(40) % 5 == 0)
    with pytest.raises(
        InvalidArgument, match="the name of the column with the labels in labels: breed, age, tame, fast"
    ):
        load_images(flat, labels=frame)
    assert load_images(flat, labels=frame, target="age").spec.task == "regression"
    several = load_images(flat, labels=frame, target=["tame", "fast"])
    assert (several.spec.task, several.spec.class_names) == ("multilabel", ("tame", "fast"))


def test_rows_and_images_without_the_other(flat):
    frame = FRAME.assign(breed=FRAME["breed"].where(np.arange(40) != 7)).iloc[:30]
    data, said = loaded(flat, labels=frame, test=0.25)
    assert sum(data.settings["counts"].values()) == 29
    assert said == [
        "labels: left out 1 of 30 rows without a label, the first in row 7",
        "labels: left out 10 of 40 images without a row in the table",
    ]


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (
            lambda frame: frame.replace({"id": {"003": "999"}}),
            {},
            "that of row 3 of labels is not in the folder. Received",
        ),
        (lambda frame: frame.replace({"id": {"003": "004"}}), {}, "rows 3 and 4 of labels have this one"),
        (
            lambda frame: frame.drop(columns="id").assign(age=1),
            {},
            "file must be the name of the column of labels with",
        ),
        (lambda frame: frame.assign(breed=None), {}, "a column of labels with values, but all are missing"),
        (lambda frame: frame, {"target": "bread"}, "target must be one of 'breed'"),
        (lambda frame: frame, {"file": "path"}, "file must be one of 'id', 'breed'"),
        (lambda _: 5, {}, "labels must be a DataFrame, or the path"),
        (lambda _: "absent.csv", {}, "labels must be a .csv"),
    ],
    ids=range(8),
)
def test_tables_that_do_not_fit(flat, change, options, message):
    with pytest.raises(InvalidArgument, match=message) as error:
        load_images(flat, labels=change(FRAME), **options)
    assert "\n" not in str(error.value)


def test_the_name_of_several_images_does_not_name_one(flat):
    save(flat / "more" / "003.png", 999, (4, 5))
    with pytest.raises(InvalidArgument, match="that of row 3 of labels is the name of several images"):
        load_images(flat, labels=FRAME)
    full = FRAME.assign(id="images/" + FRAME["id"] + ".png")
    with pytest.warns(UserWarning, match="left out 1 of 41 images without a row"):
        load_images(flat, labels=full)


def test_columns_of_the_table_decide_about_the_splits(flat):
    frame = FRAME.assign(owner=np.arange(40) // 3, year=2000 + np.arange(40))
    numbers = {np.asarray(Image.open(flat / "images" / f"{n:03}.png")).tobytes(): n for n in range(40)}
    (flat / "images" / "007.png").write_bytes(b"broken")

    def sides(**options):
        with pytest.warns(UserWarning, match="left out 1 of 40 images, which are broken"):
            data = load_images(flat, labels=frame, target="breed", skip_broken=True, **options)
        found = [[numbers[image.tobytes()] for image in data.arrays(split)[0][..., 0]] for split in SPLITS]
        assert sorted(number for side in found for number in side) == [n for n in range(40) if n != 7]
        return data, found

    data, found = sides(groups="owner")
    owners = [{number // 3 for number in side} for side in found]
    assert sum(map(len, owners)) == len(set.union(*owners)) == 14
    assert data.settings["groups"] == data.settings["options"]["groups"] == "owner"
    _, found = sides(time="year")
    assert max(found[0]) < min(found[1]) <= max(found[1]) < min(found[2])
    with pytest.raises(InvalidArgument, match="groups must be one of 'id', 'breed', 'owner', 'year'"):
        load_images(flat, labels=frame, target="breed", groups="who")
    with pytest.raises(InvalidArgument, match="groups must be None without labels, a table"):
        load_images(flat, groups="owner")
