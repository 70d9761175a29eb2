"""Images that come in another depth or range than those of training are converted, or refused in one line."""

import struct

import numpy as np
import pytest
import tensorflow as tf

from callbacks.checks import InvalidArgument
from recipes import Data, Predictor, Recipe, export, fit
from recipes.serving.input_files import load_inputs
from recipes.serving.pixels import Pixels

UNIT, BYTES, CENTRED = Pixels("float32", 0.0, 1.0), Pixels("float32", 0.0, 255.0), Pixels("float32", -1.0, 1.0)
NARROW, FEW = Pixels("uint8", 0.0, 255.0), Pixels("uint8", 0.0, 16.0)
WIDE, TWELVE = Pixels("uint16", 0.0, 65535.0), Pixels("uint16", 0.0, 4095.0)
UNKNOWN = Pixels("float32", None, 1.0)

SHADES = np.array([[0, 51], [102, 255]], "uint8")[..., None]


@pytest.fixture
def pictures(tmp_path):
    """The same picture in 8 and in 16 bits."""
    (tmp_path / "8.png").write_bytes(tf.io.encode_png(SHADES).numpy())
    (tmp_path / "16.png").write_bytes(tf.io.encode_png(SHADES.astype("uint16") * 257).numpy())
    return tmp_path


@pytest.mark.parametrize("name", ["8.png", "16.png"])
@pytest.mark.parametrize(
    ("pixels", "unit"), [(UNIT, 1 / 255), (BYTES, 1), (NARROW, 1), (WIDE, 257)], ids=["unit", "bytes", "narrow", "wide"]
)
def test_a_file_is_converted(pictures, name, pixels, unit):
    image = pixels.read(pictures / name, 1)
    assert image.dtype == pixels.dtype
    np.testing.assert_allclose(image, SHADES.astype(int) * unit, rtol=1e-6)
    pixels.check("input", image)


@pytest.mark.parametrize("pixels", [CENTRED, UNKNOWN, TWELVE, Pixels("float32", 0.0, 16.0), Pixels("float32", 0, 0.1)])
def test_a_file_is_refused_where_its_range_in_training_is_unknown(pictures, pixels):
    with pytest.raises(InvalidArgument, match=r"an array of (float32|uint16) values.*8\.png"):
        pixels.read(pictures / "8.png", 1)


def test_a_file_of_the_depth_of_training_is_read_as_it_is(pictures):
    (pictures / "12.png").write_bytes(tf.io.encode_png(SHADES.astype("uint16") * 16).numpy())
    assert TWELVE.read(pictures / "12.png", 1).tolist() == (SHADES.astype(int) * 16).tolist()


@pytest.mark.parametrize(
    ("pixels", "values"),
    [
        (UNIT, np.array([0.0, 1.2])),
        (UNIT, np.array([0, 1])),
        (BYTES, np.array([0, 1])),
        (BYTES, np.array([0.0, 254.5])),
        (CENTRED, np.array([-1.0, 1.0])),
        (NARROW, np.array([0, 9])),
        (FEW, np.array([0, 17])),
        (WIDE, np.array([300, 5])),
        (UNKNOWN, np.array([2.0])),
    ],
)
def test_arrays_in_the_range_of_training(pixels, values):
    pixels.check("input", values)


@pytest.mark.parametrize(
    ("pixels", "values", "message"),
    [
        (
            UNIT,
            np.array([0.0, 255.0]),
            "float32 values from 0 to 1, as in training. Received: input='float64 from 0 to",
        ),
        (UNIT, np.array([0, 3], "uint8"), "input='uint8 from 0 to 3'"),
        (
            BYTES,
            np.array([0.2, 1.0]),
            "float32 values from 0 to 255, as in training. Received: input='float64 from 0.2",
        ),
        (CENTRED, np.array([0, 255], "uint8"), "from -1 to 1, as in training"),
        (FEW, np.array([0, 255], "uint8"), "uint8 values from 0 to 16, as in training"),
        (WIDE, np.array([0, 255], "uint8"), "uint16 values from 0 to 65535, as in training"),
    ],
)
def test_arrays_of_another_range(pixels, values, message):
    with pytest.raises(InvalidArgument, match=message):
        pixels.check("input", values)


@pytest.mark.thorough
@pytest.mark.parametrize("record", [False, True])
def test_a_model_trained_on_floats_up_to_1_takes_a_picture(record, tmp_path):
    x = np.random.default_rng(0).integers(0, 256, (60, 4, 4, 1)).astype("uint8")
    floats = (x / 255).astype("float32")
    inputs = {"photo": floats, "age": np.arange(60.0)} if record else floats
    data = Data.from_arrays(inputs, (x.mean(axis=(1, 2, 3)) > 127).astype(int))
    run = fit(data, Recipe(model={"name": "mlp", "hidden": (4,)}, learning_rate=0.05), epochs=2, verbose=0)
    predictor = Predictor(export(run, tmp_path / "out"))
    (tmp_path / "x.png").write_bytes(tf.io.encode_png(x[0]).numpy())
    (tmp_path / "x.json").write_text('{"photo": "x.png", "age": 0}')
    read = load_inputs(tmp_path / ("x.json" if record else "x.png"), predictor.spec)
    expected = predictor({"photo": floats[:1], "age": [0.0]} if record else floats[:1])
    assert predictor(read)[0]["probability"] == pytest.approx(expected[0]["probability"], abs=1e-6)
    with pytest.raises(InvalidArgument, match="float32 values from 0 to 1, as in training"):
        predictor({"photo": x[:1], "age": [0.0]} if record else x[:1])


def test_a_small_file_of_many_pixels_is_refused_before_it_is_decoded(tmp_path):
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    (tmp_path / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header)
    with pytest.raises(InvalidArgument, match=r"an image of at most 268,435,456 pixels, not 50,000 x 50,000"):
        Pixels("uint8", 0.0, 255.0).read(tmp_path / "x.png", 1)
