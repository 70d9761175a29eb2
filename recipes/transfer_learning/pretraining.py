"""pretrain: trains a network on inputs alone, to be transferred to another task."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_choice, check_integer, check_number
from ...callbacks.inside.logs import number_columns, numbers
from ...callbacks.inside.optimizer_values import set_learning_rate
from ...callbacks.range_test.lr_finder import LRFinder, run_range_test
from ..choice import AUTO, NONE
from ..last_healthy import LastHealthy, ending
from ..learning_rate import found_rate, usual_peak
from ..models.blocks import Style, hidden_block, output_layer
from ..models.encoder import encoder
from ..models.inputs import model_input
from ..precision import in_precision
from ..recipe import Recipe
from ..regularization.by_data import regularizers_for
from ..restarts import Attempt, warn_of_failures, with_restarts
from ..trainer import LARGEST_SEED
from ..training_checks import check_batches, check_data, check_recipe
from ..training_length import epochs_or_usual
from ..whole_epochs.calls import steps_for
from .corruption import SHARE, corrupt, parts_of

if TYPE_CHECKING:
    import tensorflow as tf

    from ..data import Data
    from ..data.spec import Spec

__all__ = ["WAYS", "Pretrained", "pretext", "pretrain"]

WAYS = ("autoencoder", "corrupted")


@dataclass
class Pretrained:
    """The result of :func:`pretrain`, for :func:`recipes.transfer`.

    Attributes:
        model: the trunk: a plain keras.Model from raw inputs to features of shape (batch, units), with the layers that
            the recipe's model has before its outputs.
        network: the trunk with the decoder or head of the pretraining.
        how: "autoencoder" or "corrupted".
        share: the share of a bad record's parts that come from other records.
        recipe: the recipe of the training, with the learning rate that was used.
        data: the data whose inputs were trained on.
        history: name -> one value per epoch, as in Keras' ``History.history``.
        best_epoch: the epoch of the model's weights, counted from 1.
        seed: of the training.
        seconds: the duration of the training.
        message: None, or why the training diverged, and which weights the model has.
        range_test: the :class:`callbacks.LRFinder` that found the rate, or None if there was no range test.
        attempts: the failed trainings before this one, as of a :class:`recipes.Run`.

    Example:
        >>> pretrained = recipes.pretrain(recipes.load("digits"))         # doctest: +SKIP
        >>> model = recipes.transfer(pretrained, few, freeze=False)
    """

    model: keras.Model
    network: keras.Model
    how: str
    share: float
    recipe: Recipe
    data: Data
    history: dict[str, list[float]]
    best_epoch: int
    seed: int
    seconds: float
    message: str | None = None
    range_test: LRFinder | None = None
    attempts: tuple[Attempt, ...] = ()

    @property
    def diverged(self) -> bool:
        """Whether the loss became NaN or infinite."""
        return self.message is not None

    def evaluate(self, split: str = "validation") -> dict[str, float]:
        """The scores of the pretext task on held-out examples: name -> value.

        For "corrupted": "accuracy", with chance at 0.5. For "autoencoder": "explained", the share of the inputs'
        variance that the decoder reconstructs: 1 is all, 0 is the level of a constant. For both, the loss and the other
        metrics too.

        Args:
            split: "validation" (default) or "test".
        """
        check_choice("split", split, ("validation", "test"))
        batches = pretext(self.data, self.how, split, seed=self.seed, share=self.share)
        results = self.network.evaluate(batches, verbose=0, return_dict=True)
        scores = numbers(results)
        if self.how == "autoencoder":
            scores["explained"] = 1.0 - scores["root_mean_squared_error"] ** 2
        return scores


@checked
def pretrain(
    data: Data,
    how: str = "autoencoder",
    recipe: Recipe | None = None,
    *,
    epochs: int | None = None,
    seed: int = 0,
    share: float = SHARE,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = "auto",
) -> Pretrained:
    """Trains the recipe's network, without its outputs, on the inputs of ``data``, without labels and sample weights.

    Use it when few of many examples have labels: pretrain on all, then :func:`recipes.transfer` to the few.

    - ``"autoencoder"``: reconstructs the inputs from the network's last hidden layer. The decoder has dense layers of
      the network's sizes in reverse order and a linear output. The loss is the mean squared error in the units of the
      normalized inputs. If the last hidden layer is as large as the input, the network could learn to copy: with
      ``regularizer="input_noise"`` or ``"dropout"`` it is a denoising autoencoder, which cannot.
    - ``"corrupted"``: every other record of a batch is corrupted by :func:`corrupt`, different records in every epoch,
      and the network tells good (1) from bad (0).

    Training and validation after each epoch are those of any model: with the recipe's optimizer, schedule and
    regularizers, at its rate or one that a range test finds; if it diverges at that, it starts again at a lower one, as
    :func:`recipes.fit` does.

    Args:
        data: for "autoencoder" images or a table of numbers; for "corrupted" anything with parts to exchange. The
            inputs of its training and validation splits are used.
        how: one of the above. Default "autoencoder".
        recipe: default ``Recipe()``. The layers of its model are trained.
        epochs: passes over the training split, >= 1; None (default) as in :func:`recipes.fit`.
        seed: of initialization, data order and corruption, >= 0. Default 0.
        share: for "corrupted": see :func:`corrupt`. Default 0.25.
        callbacks: further Keras callbacks, called after the recipe's.
        verbose: of Keras' ``fit``. Default "auto".

    Returns:
        A :class:`Pretrained`: ``.model`` is the trunk, ``.evaluate()`` the score on the validation split.

    Raises:
        InvalidArgument: for a value outside its range, data of another kind, a regularizer that needs labels, or a
            model without a layer "outputs" or without weights before it; before any training.

    Source: autoencoders: Hinton and Salakhutdinov 2006; denoising: Vincent et al. 2008; telling good records from
    corrupted ones: Collobert and Weston 2008.

    Example:
        >>> data = recipes.load("digits")                                       # doctest: +SKIP
        >>> pretrained = recipes.pretrain(data, "autoencoder", epochs=20)
        >>> x, y = data.arrays("train")
        >>> few = data.with_train(x[:100], y[:100], how="the first 100")
        >>> run = recipes.fit(few, model=recipes.transfer(pretrained, few, freeze=False))
    """
    check_data(data)
    check_choice("how", how, WAYS)
    recipe = check_recipe(recipe)
    if recipe.regularizer == (AUTO,):  # a table's dropout suits its labels, not the reconstruction of its inputs
        recipe = dataclasses.replace(recipe, regularizer=regularizers_for())
    if recipe.class_weight != NONE:
        raise InvalidArgument("class_weight", recipe.class_weight, f"{NONE!r} for pretraining, which sees no labels")
    epochs = epochs_or_usual(epochs, data.steps_per_epoch)
    seed = check_integer("seed", seed, low=0, high=LARGEST_SEED)
    _check_inputs(data, how)
    recipe.check(_spec(data.spec, how))

    def train(learning_rate: float | None, _: int) -> Pretrained:
        return _train(data, how, recipe, learning_rate, epochs, seed, share, callbacks, verbose)

    trainings, attempts = with_restarts(train)
    trained = dataclasses.replace(
        trainings[-1],
        range_test=trainings[0].range_test,
        attempts=attempts,
        seconds=sum(training.seconds for training in trainings),
    )
    warn_of_failures(attempts, trained.message)
    return trained


def _train(
    data: Data,
    how: str,
    recipe: Recipe,
    learning_rate: float | None,
    epochs: int,
    seed: int,
    share: float,
    callbacks: Sequence[keras.callbacks.Callback],
    verbose: int | str,
) -> Pretrained:
    """:func:`pretrain` once, from the start, at this rate; None for the recipe's, or one that a range test finds."""
    start = time.perf_counter()
    augment = recipe.augment(data)
    options: dict[str, Any] = {"seed": seed, "share": share}
    batches = pretext(data, how, "train", augment=augment, **options)
    keras.utils.set_random_seed(seed)
    trunk = encoder(recipe.build_model, data.spec, None, {}, name="trunk", several=True)
    if not trunk.trainable_weights:
        accepted = "a model with weights before its last layer, e.g. {'name': 'text', 'encoder': 'average'} for texts"
        raise InvalidArgument("recipe", recipe.resolved(data.spec).model, accepted)
    with in_precision(recipe.precision):
        network = _autoencoder(trunk, data.spec, recipe) if how == "autoencoder" else _judge(trunk, recipe)
    check_batches(network, data)
    steps = data.steps_per_epoch
    recipe.compile(network, steps_per_execution=steps_for(network, data.batch_size, steps))
    rate, finder = recipe.learning_rate if learning_rate is None else learning_rate, None
    if rate is None:
        rate, finder = _range_test(network, batches, recipe, data)
    recipe = dataclasses.replace(recipe, learning_rate=rate)
    set_learning_rate(network.optimizer, rate)
    examples = data.settings["counts"]["validation"]
    all_callbacks = recipe.callbacks(steps_per_epoch=steps, epochs=epochs, spec=data.spec, validation_examples=examples)
    healthy = LastHealthy()
    history = network.fit(
        pretext(data, how, "train", augment=augment, **options),
        epochs=epochs,
        validation_data=pretext(data, how, "validation", **options),
        shuffle=False,  # the data shuffles itself
        callbacks=[*all_callbacks, healthy, *callbacks],
        verbose=verbose,
    )
    best, message = ending(all_callbacks, len(history.history["loss"]), healthy)
    return Pretrained(
        model=trunk,
        network=network,
        how=how,
        share=share,
        recipe=recipe,
        data=data,
        history=number_columns(history.history),
        best_epoch=best,
        seed=seed,
        seconds=time.perf_counter() - start,
        message=message,
        range_test=finder,
    )


def pretext(
    data: Data,
    how: str,
    split: str = "train",
    *,
    seed: int = 0,
    share: float = SHARE,
    augment: Callable[[Any, Any], Any] | None = None,
) -> tf.data.Dataset:
    """Batches of inputs with the targets of the pretext task: the normalized inputs, or which records are good.

    "train" has a new order and other corrupted records in every iteration; iteration k (an epoch) depends only on the
    seed and k. "validation" and "test" are the same in every iteration, and for "corrupted" half of their records are
    bad.

    Args:
        data, how, seed, share: as in :func:`pretrain`.
        split: "train" (default), "validation" or "test".
        augment: what :meth:`recipes.Recipe.augment` returns; applied to "train" only.

    Returns:
        A dataset of known cardinality with elements (x, target), target float32 (batch, values), or (x, good), good
        int64 (batch,).

    Raises:
        InvalidArgument: as :func:`pretrain` does.

    Example:
        >>> for x, good in pretext(data, "corrupted", seed=1):                    # doctest: +SKIP
        ...     print(x.shape, good.numpy()[:4])
        (32, 8, 8, 1) [1 0 1 0]
    """
    import tensorflow as tf

    from ..data.assembly import SPLITS
    from ..data.batching import shuffled
    from ..data.named_arrays import items

    check_choice("how", how, WAYS)
    check_choice("split", split, SPLITS)
    share = check_number("share", share, above=0, high=1)
    _check_inputs(data, how)
    x, _ = data.on_device(split)
    count = data.settings["counts"][split]
    if how == "corrupted" and count < 2:
        raise InvalidArgument("data", count, f"one with at least 2 examples in {split!r}")
    training = split == "train"
    size = data.batch_size if training else data.evaluation_batch_size
    if not training and how == "corrupted" and count % size == 1:
        size += 1  # a batch with a single record has no donor
    normalized = None
    if how == "autoencoder":
        normalized = keras.Model(*model_input(data.spec, data.spec.input_shape, None, Style()))
    padding = data.spec.features[0].padding if data.spec.kind == "sequence" else None
    with tf.init_scope(), tf.device("CPU:0"):
        no_labels = tf.zeros((count,), tf.int8)

        def with_target(records: Any, seeds: Any) -> Any:
            if training and augment is not None:
                records = augment(records, seeds)
            if normalized is not None:
                return records, tf.reshape(normalized(records), (-1, _values(data.spec)))
            number = tf.ensure_shape(seeds[1], ())  # of the batch, counted over all epochs
            rows = tf.shape(items(records)[0][1], out_type=tf.int64)[0]
            good = (tf.range(rows) + 1 + number * rows) % 2
            numbers = tf.stack([tf.constant(seed, tf.int64), number])
            return corrupt(records, good == 0, numbers, share, padding), good

        # Validation and test are shuffled too, once: which records are bad must not depend on their order.
        order = shuffled(x, no_labels, size, seed, drop_remainder=training, augment=with_target)
        batches = order.map(lambda pair, _: pair)
        return batches.prefetch(2) if training else batches.cache()


def _check_inputs(data: Data, how: str) -> None:
    """Raises for inputs that cannot be reconstructed, or that have no parts to exchange."""
    spec = data.spec
    if how == "autoencoder":
        if spec.record or spec.kind not in ("image", "tabular"):
            raise InvalidArgument("data", spec.name, f"images or a table of numbers for {how!r}")
        return
    if spec.kind == "text":
        return
    parts = (
        len(spec.features) if spec.record else 2 if None in spec.input_shape else len(set(parts_of(spec.input_shape)))
    )
    if parts < 2:
        raise InvalidArgument("data", spec.name, f"one with at least 2 columns, steps or pixels for {how!r}")


def _values(spec: Spec) -> int:
    return int(np.prod(spec.input_shape))


def _spec(spec: Spec, how: str) -> Spec:
    """The Spec of the pretext task, for the checks of regularizers."""
    labels: dict[str, Any] = {"task": "binary", "class_names": ("bad", "good")}
    target: dict[str, Any] = {"target_mean": None, "target_variance": None}
    if how == "autoencoder":
        labels = {"task": "regression", "class_names": ()}
        target = {"target_mean": 0.0, "target_variance": 1.0}
    return dataclasses.replace(spec, outputs=1, class_shares=(), **labels, **target)


def _autoencoder(trunk: keras.Model, spec: Spec, recipe: Recipe) -> keras.Model:
    """The trunk with a decoder: dense layers of its sizes in reverse order, up to the number of input values."""
    widths = [layer.units for layer in trunk.layers if isinstance(layer, keras.layers.Dense)][-2::-1]
    normalized = any(isinstance(layer, keras.layers.BatchNormalization) for layer in trunk.layers)
    style = Style(recipe.activation, normalization="batch" if normalized else "none")
    x = trunk.outputs[0]
    for number, units in enumerate(widths, start=1):
        dense = keras.layers.Dense(units, use_bias=style.use_bias, **style.kernel(), name=f"decoder_{number}")
        x = hidden_block(x, dense, style, last=number == len(widths))
    x = keras.layers.Dense(_values(spec), **style.kernel(linear=True), dtype="float32", name="reconstruction")(x)
    return keras.Model(trunk.input, x, name="autoencoder")


def _judge(trunk: keras.Model, recipe: Recipe) -> keras.Model:
    """The trunk with a sigmoid unit: the probability that a record is good."""
    style = Style(regularizer=recipe.regularizers())
    probability = output_layer(trunk.outputs[0], None, 1, "binary", style)
    return keras.Model(trunk.input, probability, name="good_or_bad")


def _range_test(network: keras.Model, batches: Any, recipe: Recipe, data: Data) -> tuple[float, LRFinder]:
    finder = LRFinder(usual=usual_peak(recipe))
    in_step = [
        callback
        for regularizer in recipe.regularizers()
        if regularizer.acts_in_step
        for callback in regularizer.callbacks(epochs=1, schedule=None, spec=data.spec)
    ]
    run_range_test(network, batches, finder, callbacks=in_step)
    return found_rate(recipe, finder, data.settings["counts"]["train"])[0], finder
