import keras
import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes import Recipe, fit, mlp
from recipes.trainer import Trainer
from recipes.training_checks import check_data, check_fits

pytestmark = pytest.mark.whole_epochs


def test_batch_normalization_needs_more_than_one_example(tiny):
    random = np.random.default_rng(0)
    data = recipes.Data.from_arrays(random.normal(size=(40, 3)).astype("float32"), np.arange(40) % 2, batch_size=1)
    with pytest.raises(InvalidArgument, match=r"data must be batches of at least 2 .* Received: data='batches of 1"):
        fit(data, tiny(normalization="batch"), epochs=1, verbose=0)
    assert not fit(data, tiny(normalization="none"), epochs=1, verbose=0).diverged


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(3, "softmax")

    def call(self, x):
        return self.dense(x)


def own_model(outputs=3, shape=(4,), activation="softmax", dtype="float32"):
    return keras.Sequential(
        [
            keras.Input(shape, dtype=dtype),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(8, "tanh"),
            keras.layers.Dense(outputs, activation),
        ]
    )


def test_a_model_of_the_user_is_trained(classes, tiny):
    keras.utils.set_random_seed(7)
    model = own_model()
    start = [v.numpy() for v in model.variables]
    run = fit(classes, tiny(), epochs=4, verbose=0, model=model)
    assert run.model is model
    assert run.evaluate()["accuracy"] > 0.85
    for variable, value in zip(model.variables, start, strict=True):
        variable.assign(value)
    again = fit(classes, tiny(), epochs=4, verbose=0, model=model)
    assert again.history == run.history


@pytest.mark.thorough
def test_a_trainer_starts_a_users_model_from_where_it_was(classes, tiny):
    trainer = Trainer(classes, tiny(), model=own_model())
    first = trainer.run(epochs=2, seed=0).history
    assert trainer.run(epochs=2, seed=1).history != first  # the same weights, another order of the data
    assert trainer.run(epochs=2, seed=0).history == first


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: "mlp", "model must be a keras.Model"),
        (lambda: keras.Sequential([keras.layers.Dense(3, "softmax")]), "model must be built"),
        (lambda: own_model(shape=(5,)), r"one input of shape \(None, 4\) for 'classes'"),
        (lambda: mlp(input_shape=(2, 2), outputs=3), r"one input of shape \(None, 4\)"),
        (lambda: own_model(outputs=4), r"one output of shape \(None, 3\)"),
        (lambda: own_model(activation=None), "ends in softmax for 'classes'"),
        (lambda: own_model(activation="sigmoid"), "ends in softmax for 'classes'"),
        (
            lambda: keras.Model((a := keras.Input((4,)), b := keras.Input((4,))), keras.layers.Add()([a, b])),
            "one input of shape",
        ),
        (lambda: own_model(dtype="uint8"), "an input of dtype='float32' of 'classes'.*Received: model='uint8'"),
        (Subclassed, "a functional or sequential model.*Received: model='Subclassed'"),
    ],
)
def test_a_model_that_does_not_fit_the_data(classes, tiny, make, message):
    with pytest.raises(InvalidArgument, match=message) as caught:
        fit(classes, tiny(), epochs=1, verbose=0, model=make())
    assert "\n" not in str(caught.value)


def test_the_output_must_fit_the_task(binary, regression):
    check_fits(own_model(1, (5,), "sigmoid"), binary)
    check_fits(own_model(1, (5,), None), regression)
    check_fits(mlp(regression.spec, hidden=()), regression)
    with pytest.raises(InvalidArgument, match="ends in sigmoid"):
        check_fits(own_model(1, (5,), None), binary)
    with pytest.raises(InvalidArgument, match="ends in numbers"):
        check_fits(own_model(1, (5,), "sigmoid"), regression)


def test_a_cnn_for_a_table_is_refused(classes):
    with pytest.raises(InvalidArgument, match="use mlp"):
        fit(classes, Recipe(model="cnn"), epochs=1, verbose=0)


def a_function(_spec):
    return own_model()


@pytest.mark.parametrize(
    ("way", "names", "message"),
    [
        ("function", "dropout", "dropout acts inside the model, which was not made by a factory"),
        ("object", "l2+early_stopping+max_norm", "l2, max_norm act inside the model, which was not made by a factory"),
    ],
)
def test_what_belongs_in_a_model_of_ones_own_is_said_to_be_missing(classes, tiny, way, names, message):
    recipe = tiny(regularizer=names, **({"model": a_function} if way == "function" else {}))
    with pytest.warns(UserWarning, match=message) as caught:
        run = fit(classes, recipe, epochs=1, verbose=0, model=own_model() if way == "object" else None)
    (warning,) = caught
    assert warning.filename == __file__
    assert not any(isinstance(layer, keras.layers.Dropout) for layer in run.model.layers)


def test_what_acts_on_the_training_of_a_model_of_ones_own_needs_no_warning(classes, tiny):
    names = "weight_decay+weight_noise+adversarial+label_smoothing+early_stopping"
    run = fit(classes, tiny(regularizer=names), epochs=1, verbose=0, model=own_model())
    assert np.isfinite(run.history["loss"]).all()
    assert run.model.loss.epsilon == 0.1
    assert run.model.optimizer.weight_decay == 0.01


def test_folds_in_place_of_data_are_refused_with_a_way_out(classes):
    with pytest.raises(
        InvalidArgument, match=r"data must be one recipes.Data: .*resplit=True.* Received: data='list of 3'"
    ):
        check_data(classes.folds(3))
    with pytest.raises(InvalidArgument, match=r"data must be what recipes.load"):
        check_data("digits")
