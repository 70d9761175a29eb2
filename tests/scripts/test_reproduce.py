"""The reproductions of published tables: their data, models, rules and the page of their results."""

import numpy as np
import pandas as pd
import pytest

from scripts.reproduce import page, stars, tables, trainings, zhang

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype="uint8")


def test_the_page_has_the_tables_of_the_results():
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.filled(text) == text
    assert page.filled(text.replace("| accuracy (%) |", "| accuracy |")) == text
    assert len(page.PART.findall(text)) >= 1


@pytest.mark.parametrize(
    ("ours", "source", "expected"),
    [
        ([2.0, 2.2, 2.1], 2.42, True),  # the spread of seeds is .1, that of 10,000 examples .14
        ([2.0, 2.2, 2.1], 2.5, False),
        ([50.0], 50.9, True),  # of one training: that of the examples, .5
        ([50.0], 51.1, False),
    ],
)
def test_what_agrees(ours, source, expected):
    assert tables.agrees(ours, source) is expected
    assert page.beside(ours, source).startswith("**") is expected


def test_a_run_that_was_killed_goes_on(tmp_path, capsys):
    path = tmp_path / "it.csv"
    first = trainings.Trainings("it", ("rate", "seed"), path=path)
    first.add({"rate": 0.1, "seed": 0, "error": 2.5})
    assert first.have({"rate": 0.1, "seed": 0})
    second = trainings.Trainings("it", ("rate", "seed"), go_on=True, path=path)
    assert second.have({"rate": 0.1, "seed": 0})
    assert not second.have({"rate": 0.1, "seed": 1})
    second.add({"rate": 0.1, "seed": 1, "error": 2.25})
    assert second.table()["error"].tolist() == [2.5, 2.25]
    third = trainings.Trainings("it", ("rate", "seed"), path=path)
    third.add({"rate": 0.1, "seed": 0, "error": 2.0})
    assert third.table()["error"].tolist() == [2.0]
    assert capsys.readouterr().out.count("error") == 3


def test_images_are_those_of_the_figure():
    x = zhang.middle(IMAGES)
    assert np.array_equal(x, IMAGES[:, 2:30, 2:30])
    assert zhang.changed(x, "true labels", 0) is x
    shuffled, random = (zhang.changed(x, name, 0) for name in ("shuffled pixels", "random pixels"))
    colours = [sorted(map(tuple, images[0].reshape(-1, 3))) for images in (x, shuffled, random)]
    assert colours[0] == colours[1] != colours[2]
    assert np.array_equal(zhang.changed(x[2:4], "shuffled pixels", 0), shuffled[2:4])  # one permutation for all
    values = [np.sort(images.reshape(6, -1), axis=1) for images in (x, random)]
    assert np.array_equal(*values)
    places = [zhang.changed(np.repeat(x[:1], 2, axis=0), name, 0) for name in ("shuffled pixels", "random pixels")]
    assert [np.array_equal(*pair) for pair in places] == [True, False]
    noise = zhang.changed(IMAGES // 4 + 100, "Gaussian noise", 0)
    assert noise.shape == IMAGES.shape
    assert noise.mean() == pytest.approx((IMAGES // 4 + 100).mean(), abs=0.5)
    assert noise.std() == pytest.approx((IMAGES // 4 + 100).std(), rel=0.02)


def test_networks_have_the_weights_of_the_source_and_standardized_images():
    model = zhang.recipe_of("1x512", "no").build_model(input_shape=(28, 28, 3), outputs=10)
    assert model.count_params() == 1_209_866
    x = zhang.middle(IMAGES).astype(float)
    expected = (x - x.mean(axis=(1, 2, 3), keepdims=True)) / x.std(axis=(1, 2, 3), keepdims=True)
    np.testing.assert_allclose(zhang.standardized()(zhang.middle(IMAGES)), expected, atol=2e-4)


def test_every_cell_is_trained_once():
    cells = zhang.cells()
    assert len(cells) == len(set(cells)) == 9
    assert set(zhang.SOURCE) | {("1x512", name, "no") for name in zhang.OF_FIGURE} == set(cells)


def test_stars_are_by_ratios_to_the_best():
    rows = [
        ("fast", 2, 95.0),
        ("fast", 2, 95.0),
        ("slow", 6, 94.4),
        ("slow", 6, 94.5),
        ("lost", 3, 93.0),
        ("lost", np.nan, 93.0),
    ]
    found = stars.stars(pd.DataFrame(rows, columns=["optimizer", "epochs_to_target", "test_accuracy"]))
    assert found.loc["fast"].tolist() == [2.0, 5.0, "***", "***"]
    assert found.loc["slow", ["speed", "quality"]].tolist() == ["**", "**"]
    assert found.loc["lost", ["speed", "quality"]].tolist() == ["*", "*"]


def test_epochs_until_the_target():
    trials = pd.DataFrame(
        {
            "stage": ["tune", "confirm", "confirm"],
            "arm": ["a", "a", "b"],
            "optimizer": ["a", "a", "b"],
            "seed": [0, 1, 1],
            "learning_rate": [1.0, 0.123456, 2.0],
            "test_score": [0.1, 0.95, 0.9],
            "seconds": [1.0, 1.0, 1.0],
        }
    )
    curves = [("tune", "a", 0, [1.0, 1.0]), ("confirm", "a", 1, [0.97, 0.99]), ("confirm", "b", 1, [0.5, 1.0])]
    epochs = [
        {"stage": stage, "arm": arm, "seed": seed, "epoch": epoch, "val_score": score}
        for stage, arm, seed, scores in curves
        for epoch, score in enumerate(scores, 1)
    ]
    rows = stars.repeats_of(trials, pd.DataFrame(epochs))
    assert [(row["optimizer"], row["epochs_to_target"], row["target"]) for row in rows] == [
        ("a", 2, 98.0),
        ("b", 2, 98.0),
    ]
    assert [row["test_accuracy"] for row in rows] == [95.0, 90.0]
    assert rows[0]["learning_rate"] == 0.1235


@pytest.mark.thorough
def test_a_training_ends_when_its_images_are_fitted():
    x = np.random.default_rng(1).integers(0, 256, (300, 28, 28, 3), dtype="uint8")
    y = np.arange(300) % 10
    for data in ("random pixels", "random labels"):
        row = zhang.trained((x, y, x[:50], y[:50]), ("1x512", data, "no"), 0, 60)
        curve = [float(accuracy) for accuracy in row["curve"].split()]
        assert row["train_accuracy"] == 100.0
        assert row["epochs"] == len(curve) < 60
        assert max(curve[:-1]) < 99.95  # one decimal
