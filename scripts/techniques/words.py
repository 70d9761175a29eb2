"""What a training is told in words: idle units, sparsity, bias and variance, and four rates in a picture."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np

import recipes

from .measured import Measured

__all__ = ["bias_and_variance", "four_rates", "idle_units", "sparse_weights"]


def idle_units() -> Iterator[Measured]:
    """Dead and saturated units, in words."""
    data = recipes.load("digits")
    for activation, bias, words in (("relu", -1.5, "dead units"), ("logistic", 8.0, "saturated units")):
        recipe = recipes.Recipe(
            model={"name": "mlp", "hidden": (60, 60)},
            activation=activation,
            bias=bias,
            regularizer="none",
            optimizer="sgd",
            learning_rate=1e-5,
        )
        run = recipes.fit(data, recipe, epochs=1, verbose=0)
        finding = run.read_units()[0]
        batch = next(iter(data.batches("train", seed=0)))[0]
        outputs = [layer.output for layer in run.model.layers if isinstance(layer, keras.layers.Activation)][:2]
        values = [np.asarray(value) for value in keras.Model(run.model.input, outputs)(batch, training=False)]
        if activation == "relu":
            shares = [float((value == 0).all(axis=0).mean()) for value in values]
        else:
            shares = [float(((value < 0.01) | (value > 0.99)).mean()) for value in values]
        yield Measured("told", f"{finding.name}: {finding.sentence}; {finding.remedy}", words)
        yield Measured("its share", finding.sentence, f"{max(shares):.0%}")


def sparse_weights() -> Iterator[Measured]:
    """The sparsity of the weights after L1."""
    run = recipes.fit(recipes.load("digits"), recipes.preset("sparse"), epochs=30, verbose=0)
    kernels = np.concatenate([np.ravel(weight) for weight in run.model.trainable_weights if len(weight.shape) > 1])
    found = recipes.sparsity(run.model)
    yield Measured("share of weights within .001 of 0", found.share, float((np.abs(kernels) < 1e-3).mean()), 1e-9)
    yield Measured("in words", str(found))
    yield Measured("test accuracy", run.evaluate()["accuracy"])
    small = recipes.sparsify(run, share=0.8)
    yield Measured("exactly 0 by sparsify(share=0.8)", recipes.sparsity(small.model, below=0).share, 0.8, 1e-3)
    yield Measured("its test accuracy", small.evaluate()["accuracy"])


def bias_and_variance() -> Iterator[Measured]:
    """Parameters against examples, and bias against variance, in words."""
    x, y = recipes.load("digits").arrays("train")
    random = np.random.default_rng(0)
    y = np.where(random.random(len(y)) < 0.2, random.integers(0, 10, len(y)), y)
    data = recipes.Data.from_arrays(x, y)
    run = recipes.fit(data, recipes.Recipe(regularizer="none"), epochs=30, verbose=0)
    errors = {}
    for split in ("train", "validation"):
        inputs, labels = data.arrays(split)
        errors[split] = float((np.asarray(run.model.predict(inputs, verbose=0)).argmax(axis=1) != labels).mean())
    finding = run.read_errors()[0]
    yield Measured("of labels of which a fifth is random", finding.name, "variance")
    yield Measured(
        "told", finding.sentence, f"{100 * errors['validation']:.3g}% of the answers are wrong in validation"
    )
    yield Measured("and of training", finding.sentence, f"{100 * errors['train']:.3g}% in training")
    parameters = sum(int(np.prod(weight.shape)) for weight in run.model.trainable_weights)
    yield Measured(
        "and of the size", finding.sentence, f"{parameters:,} trained parameters for {len(data.arrays('train')[1])}"
    )


def four_rates() -> Iterator[Measured]:
    """The loss over the epochs at four rates, as a picture: docs/four_rates.png."""
    from pictures.plot_four_rates import RATES, losses

    curves = {name: losses(rate) for name, rate in RATES.items()}
    for name, curve in curves.items():
        yield Measured(f"{name} ({RATES[name]:g}), first and last epoch", f"{curve[0]:.3f} {curve[-1]:.3f}")
    best = min(curves, key=lambda name: curves[name][-1])
    yield Measured("lowest at the end", best, "good")
