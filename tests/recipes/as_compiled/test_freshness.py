import keras
import pytest

from callbacks.checks import InvalidArgument
from recipes.as_compiled.freshness import check_fresh

KEPT = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="inside")])
NORMALIZATION = keras.layers.Normalization(mean=0.5, variance=2.0)


def compiled(*layers, optimizer="sgd", **options):
    model = keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(3, **options)])
    model.compile(optimizer, "mse")
    return model


def frozen():
    layer = keras.layers.Dense(2, trainable=False, name="frozen")
    return lambda: compiled(layer)


def twice(make):
    return make(), make()


@pytest.mark.parametrize(
    "make",
    [compiled, frozen(), lambda: compiled(NORMALIZATION), lambda: compiled(kernel_initializer="zeros")],
)
def test_models_that_are_made_anew(make):
    check_fresh("mine", *twice(make))


def test_what_repeats_must_not_share():
    model, optimizer = compiled(), keras.optimizers.Adam()
    for make, message in (
        (lambda: model, "a new model at each call, not the same one again"),
        (lambda: compiled(optimizer=optimizer), "a new optimizer at each call"),
        (lambda: compiled(KEPT), "or freezes them: its models share 'inside'"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            check_fresh("mine", *twice(make))


def test_a_random_layer_that_is_used_again():
    layer = keras.layers.Dropout(0.5, name="shared")
    with pytest.warns(UserWarning, match="'mine' uses the same random layer again, 'shared'"):
        check_fresh("mine", *twice(lambda: compiled(layer)))
    check_fresh("mine", *twice(lambda: compiled(keras.layers.Dropout(0.5))))


def test_a_seed_or_weights_of_its_own():
    def seeded():
        keras.utils.set_random_seed(1)
        return compiled()

    with pytest.warns(UserWarning, match="'mine' starts from the same weights whatever the seed"):
        check_fresh("mine", *twice(seeded))
