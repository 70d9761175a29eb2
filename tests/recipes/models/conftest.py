import keras
import pytest


@pytest.fixture
def kinds():
    """``kinds(model)``: the layers as words, in order, activations by their name."""

    def words(model):
        out = []
        for layer in model.layers:
            name = type(layer).__name__
            if isinstance(layer, keras.layers.Activation):
                name = layer.activation.__name__
            elif isinstance(layer, (keras.layers.Dense, keras.layers.Conv2D)):
                name += str(getattr(layer, "units", None) or layer.filters) + ("" if layer.use_bias else " no bias")
            out.append(name)
        return out

    return words
