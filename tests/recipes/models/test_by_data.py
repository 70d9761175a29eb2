import numpy as np
import pytest

from recipes import Recipe
from recipes.data import Data
from recipes.models import MODELS, model_for

Y = np.arange(40) // 2 % 2
N = np.arange(40.0)
TEXTS = [f"some words and number {i}" for i in range(40)]
PHOTOS = np.zeros((40, 16, 20), "uint8")

CASES = {
    "cnn": PHOTOS,
    "mlp": PHOTOS[:, :15],
    "text": TEXTS,
    "rnn": np.zeros((40, 5, 2)),
    "tabular": {"n": N, "c": ["a", "b"] * 20, "v": np.zeros((40, 3))},
    "mixed": {"n": N, "t": TEXTS},
}


@pytest.mark.parametrize("name", CASES)
def test_the_model_that_suits_the_data(name):
    spec = Data.from_arrays(CASES[name], Y).spec
    assert model_for(spec) == name
    resolved = Recipe(model="auto").resolved(spec)
    assert resolved.model == name
    assert MODELS.build(name, spec=spec).output_shape == (None, 1)


@pytest.mark.parametrize("kind", ["photo", "track"])
def test_images_and_sequences_in_records(kind):
    values = {"photo": PHOTOS, "track": [np.zeros((1 + i % 2, 2)) for i in range(40)]}[kind]
    assert model_for(Data.from_arrays({kind: values, "n": N}, Y).spec) == "mixed"
    assert model_for(Data.from_arrays({kind: values}, Y).spec) == "mixed"  # a record even if there is nothing else


def test_tables_of_numbers():
    assert model_for(Data.from_arrays(N[:, np.newaxis], Y).spec) == "mlp"


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        ((28, 28, 1), "cnn"),
        ((15, 28, 1), "mlp"),
        ((28, 15, 3), "mlp"),
        ((7, 3), "rnn"),
        ((None, 3), "rnn"),
        ((5,), "mlp"),
    ],
)
def test_by_shape_alone(shape, name):
    assert model_for(None, shape) == name
