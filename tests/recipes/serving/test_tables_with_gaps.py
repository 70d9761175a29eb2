"""Tables of numbers with missing values: an array is given as it is to training, exports and every other door."""

import json

import keras
import numpy as np
import pandas
import pytest
import tensorflow as tf

from callbacks.checks import InvalidArgument
from recipes import Data, Predictor, Recipe, export, fit
from recipes.description import inference_table
from recipes.models.autoencoder import autoencoder
from recipes.serving.input_files import load_inputs

COUNT = 160
RANDOM = np.random.default_rng(0)
FULL = RANDOM.normal([0, 5, 1.7e9, -3], [1, 2, 900, 4], (COUNT, 4))
TABLE = np.where(RANDOM.random((COUNT, 4)) < [0, 0.3, 0.2, 0], np.nan, FULL)
Y = (FULL[:, 0] + np.isnan(TABLE[:, 1]) + RANDOM.normal(size=COUNT) > 0.5).astype(int)
NAMES = ["a", "b", "c/d", "e"]
ROWS = TABLE[:12]


def made(x=TABLE, **options):
    with pytest.warns(UserWarning, match="float32 does not keep the values of column"):
        return Data.from_arrays(x, Y, batch_size=16, **options)


@pytest.fixture(scope="module")
def run():
    return fit(made(), Recipe(model={"name": "mlp", "hidden": (4,)}, learning_rate=0.01), epochs=1, verbose=0)


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
    return export(run, tmp_path_factory.mktemp("gaps") / "out")


def test_nan_a_mask_and_none_are_the_same_missing_values():
    data = made()
    assert (data.spec.input_missing, data.spec.input_dtype) == ((1, 2), "float64")
    masked = np.ma.masked_array(np.where(np.isnan(TABLE), 7, TABLE), np.isnan(TABLE))
    objects = [[None if np.isnan(value) else value for value in row] for row in TABLE.tolist()]
    assert made(masked).fingerprint == made(objects).fingerprint == data.fingerprint
    x, _ = data.arrays("train")
    np.testing.assert_allclose(data.spec.input_mean, np.nanmean(x, axis=0), rtol=1e-9)
    assert "missing values in 2 of 4 columns" in [*inference_table(data).columns[4].cells]
    assert type(data.spec).from_config(json.loads(json.dumps(data.spec.to_config()))) == data.spec


def test_gaps_of_any_split_count():
    data = made(FULL, x_test=pandas.DataFrame(TABLE + 0.25)[:40], y_test=Y[:40])
    assert data.spec.input_missing == (1, 2)
    assert data.folds(2)[0].spec.input_missing in ((), (1, 2))
    with pytest.raises(InvalidArgument, match="x must be finite: 1 of the 160 values of column 0 in split 'train'"):
        Data.from_arrays(np.where(np.arange(COUNT)[:, None] == 3, np.inf, TABLE), Y)


def test_a_gap_is_the_centre_and_a_flag(run):
    """The first layer sees what NumPy makes of the columns."""
    spec = run.data.spec
    (dense,) = [layer for layer in run.model.layers if isinstance(layer, keras.layers.Dense)][:1]
    seen = np.asarray(keras.Model(run.model.inputs, dense.input)(tf.constant(ROWS)))
    scaled = (ROWS - spec.input_mean) / np.sqrt(spec.input_variance)
    expected = np.concatenate([np.nan_to_num(scaled), np.isnan(ROWS[:, [1, 2]])], axis=1)
    np.testing.assert_allclose(seen, expected, atol=1e-4)


def test_every_form_of_the_rows_gives_the_same_answers(run, exported, tmp_path):
    predictor = Predictor(exported)
    expected = np.asarray(run.model(tf.constant(ROWS), training=False))[:, 0]
    assert np.isfinite(expected).all()
    pandas.DataFrame(ROWS).to_csv(tmp_path / "rows.csv", index=False, header=False)
    np.save(tmp_path / "rows.npy", ROWS)
    forms = [
        ROWS,
        ROWS.tolist(),
        np.ma.masked_invalid(ROWS),
        pandas.DataFrame(ROWS),
        pandas.DataFrame(ROWS, dtype="Float64"),
    ]
    forms += [[[None if np.isnan(value) else value for value in row] for row in ROWS.tolist()]]
    forms += [load_inputs(tmp_path / name, predictor.spec) for name in ("rows.csv", "rows.npy")]
    for inputs in forms:
        answers = [one["probability"] if one["class"] == "1" else 1 - one["probability"] for one in predictor(inputs)]
        np.testing.assert_allclose(answers, expected, atol=1e-6)
    saved = tf.saved_model.load(f"{exported}/1")
    np.testing.assert_allclose(np.asarray(saved.serve(tf.constant(ROWS)))[:, 0], expected, atol=1e-6)


def test_a_gap_where_training_had_none_is_refused(exported):
    with pytest.raises(
        InvalidArgument, match=r"input\['3'\] must be given in every row, .* missing in 1 of 4, .* in row 2"
    ):
        Predictor(exported)(np.where(np.arange(16).reshape(4, 4) == 7, np.nan, FULL[:4]))


def test_named_columns_have_gaps_too():
    from recipes.serving.conversion import fitted

    spec = made(feature_names=NAMES).spec
    taken = {"inputs": ((4,), np.dtype("float64"))}
    frame = pandas.DataFrame(ROWS, columns=NAMES)
    for inputs in (ROWS, frame[NAMES[::-1]], frame.to_dict("records")):
        np.testing.assert_array_equal(fitted(inputs, taken, spec)["inputs"], ROWS)
    with pytest.raises(InvalidArgument, match=r"input\['e'\] must be given in every row"):
        fitted(frame.assign(e=None), taken, spec)


def test_what_needs_complete_tables_says_so(run):
    with pytest.raises(InvalidArgument, match="spec must be that of images, tables of numbers"):
        autoencoder(run.data.spec)
