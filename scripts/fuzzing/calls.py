"""CALLS: for each public name a call that works, of which the fuzz replaces one argument after another."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

import callbacks
import recipes
from recipes import optimizers, regularization
from recipes.optimizer_choice import finds_its_own_step

from .world import World

__all__ = ["CALLS", "NOT_CALLED", "Call", "parameters_of", "public_names", "target_of"]


@dataclass(frozen=True)
class Call:
    """A call that works.

    Args:
        arguments: makes the arguments: of a World, by name.
        of: makes the object, if it is a method of one.
        use: what a caller does with the result next, in which a wrong argument would show.
        options_of: the names of the calls whose arguments it takes as ``**options``.
        fixed: arguments that are not replaced.
    """

    arguments: Callable[[World], dict[str, Any]] = lambda world: {}
    of: Callable[[World], Any] | None = None
    use: Callable[[World, Any], Any] = lambda world, result: None
    options_of: tuple[str, ...] = ()
    fixed: frozenset[str] = field(default_factory=frozenset)


# --- what is done with a result


def train_with(world: World, callback: Any, normalization: str = "none", *, averaged: bool = False) -> Any:
    """Trains a model for an epoch with a callback."""
    model = world.model(normalization)
    if averaged:
        model.compile(keras.optimizers.SGD(0.1, use_ema=True), "binary_crossentropy")
    x, y = world.data.arrays("train")
    model.fit(x, y, validation_data=(x, y), epochs=1, batch_size=4, verbose=0, callbacks=[callback])
    return model


def train_on_images(world: World, callback: Any) -> Any:
    """Trains a model of images for an epoch with a callback."""
    recipe = recipes.Recipe(model=world.recipe.model, learning_rate=0.05, regularizer="none")
    return recipes.fit(world.images, recipe, epochs=1, callbacks=[callback], verbose=0).model


def apply(world: World, optimizer: Any) -> Any:
    """Applies an optimizer's update once, or trains a model with one that evaluates the loss itself."""
    if finds_its_own_step(optimizer):
        return recipes.fit(
            world.data,
            recipes.Recipe(model=world.recipe.model, optimizer=optimizer, regularizer="none"),
            epochs=1,
            verbose=0,
        ).model
    weights = keras.Variable(np.ones(3, "float32"))
    optimizer.apply([np.array([0.1, 0.0, -0.1], "float32")], [weights])
    return weights


def regularize(world: World, regularizer: Any) -> Any:
    """Trains a model with a regularizer."""
    of_images = type(regularizer).augment is not regularization.Regularizer.augment
    data = world.images if of_images else world.data
    recipe = recipes.Recipe(model=world.recipe.model, learning_rate=0.05, regularizer=[regularizer])
    return recipes.fit(data, recipe, epochs=1, verbose=0).model


def rates(_: World, schedule: Any) -> Any:
    """A schedule's rates of ten steps."""
    return None if isinstance(schedule, callbacks.PerformanceDecay) else schedule.values(10, 5)[0]


def predict(_: World, model: Any) -> Any:
    """A model's predictions for zeros."""
    inputs = model.inputs if isinstance(model.inputs, list) else [model.inputs]
    zeros = [
        np.zeros([2 if size is None else size for size in tensor.shape], "float32")
        for tensor in inputs
        if tensor.dtype != "string"
    ]
    return model(zeros[0], training=False) if len(zeros) == len(inputs) == 1 else None


def build(world: World, recipe: Any) -> Any:
    """Compiles the model of a recipe."""
    return recipe.compile(recipe.build_model(world.data.spec), spec=world.data.spec)


def take(_: World, data: Any) -> Any:
    """All training batches."""
    return list(data.train)


def batches(_: World, dataset: Any) -> Any:
    return list(dataset.take(20))


def after_training(make: Callable[[World], Any]) -> Callable[[World], Any]:
    """Makes a callback and trains with it."""

    def trained(world: World) -> Any:
        callback = make(world)
        train_with(world, callback)
        return callback

    return trained


# --- the calls

SHAPE = {"input_shape": (3,), "outputs": 2}
SIGNAL = {"input_shape": (6, 2), "outputs": 2}
PICTURE = {"input_shape": (8, 8, 1), "outputs": 3}


def _with(**arguments: Any) -> Callable[[World], dict[str, Any]]:
    return lambda world: dict(arguments)


SPLIT = {"split": "test"}
TRAINING = {"epochs": 1, "verbose": 0}

SCHEDULES = [
    name
    for name in callbacks.__all__
    if isinstance(getattr(callbacks, name), type)
    and issubclass(getattr(callbacks, name), callbacks.StepSchedule)
    and name not in ("StepSchedule", "PerformanceDecay")
]

METHODS: list[tuple[str, dict[str, Any], Callable[[World], Any]]] = [
    ("GradientMonitor.plot", {}, lambda w: callbacks.GradientMonitor(every=1)),
    ("GradientMonitor.verdict", {}, lambda w: callbacks.GradientMonitor(every=1)),
    ("LRFinder.plot", {"rule": "peak"}, lambda w: callbacks.LRFinder(steps=10)),
    ("LRFinder.remark", {"rule": "peak"}, lambda w: callbacks.LRFinder(steps=10)),
    ("LRFinder.suggest", {"rule": "peak"}, lambda w: callbacks.LRFinder(steps=10)),
    ("LivePlot.plot", {}, lambda w: callbacks.LivePlot(w.new() + ".png")),
    ("SeveralValidations.plot", {}, lambda w: callbacks.SeveralValidations((w.x, w.y), 2)),
    ("SeveralValidations.positions", {"steps": 10}, lambda w: callbacks.SeveralValidations((w.x, w.y), 2)),
    ("OneCycle.momenta", {"total_steps": 10}, lambda w: callbacks.OneCycle(0.1)),
    ("OneCycle.plot", {"total_steps": 10}, lambda w: callbacks.OneCycle(0.1)),
    ("OneCycle.values", {"total_steps": 10}, lambda w: callbacks.OneCycle(0.1)),
]
"""Methods of callbacks that users call: arguments, and what makes the callback."""

HOOKS: dict[str, dict[str, Any]] = {
    "on_train_begin": {},
    "on_epoch_begin": {"epoch": 0},
    "on_train_batch_begin": {"batch": 0},
    "on_train_batch_end": {"batch": 0},
    "on_test_begin": {},
    "on_epoch_end": {"epoch": 0},
    "on_train_end": {},
}
"""Hooks that a training loop of one's own calls, perhaps before ``set_model``."""


def _made(name: str) -> Callable[[World], Any]:
    """Makes a callback."""
    return lambda world: getattr(callbacks, name)(**CALLS[f"callbacks.{name}"].arguments(world))


CALLS: dict[str, Call] = {
    # --- data
    "recipes.Data.from_arrays": Call(lambda w: {"x": w.x, "y": w.y}, of=lambda w: recipes.Data, use=take),
    "recipes.Data.from_pipeline": Call(
        lambda w: {"train": w.pipeline()}, of=lambda w: recipes.Data, use=take, options_of=("recipes.Data.from_arrays",)
    ),
    "recipes.Data.arrays": Call(_with(**SPLIT), of=lambda w: w.data),
    "recipes.Data.batches": Call(_with(split="train"), of=lambda w: w.data, use=batches),
    "recipes.Data.folds": Call(_with(count=3), of=lambda w: w.data),
    "recipes.Data.on_device": Call(_with(**SPLIT), of=lambda w: w.data),
    "recipes.Data.resplit": Call(_with(number=1), of=lambda w: w.data, use=take),
    "recipes.Data.sample_weight": Call(_with(**SPLIT), of=lambda w: w.data),
    "recipes.Data.tensors": Call(_with(**SPLIT), of=lambda w: w.data),
    "recipes.Data.with_batch_size": Call(_with(batch_size=3), of=lambda w: w.data, use=take),
    "recipes.Data.with_names": Call(lambda w: {"spec": w.data.spec}, of=lambda w: w.data),
    "recipes.Data.with_train": Call(lambda w: {"x": w.x, "y": w.y, "how": "again"}, of=lambda w: w.data, use=take),
    "recipes.load": Call(lambda w: {"name": w.table, "target": "y"}, use=take),
    "recipes.load_images": Call(lambda w: {"folder": w.pictures}, use=take, options_of=("recipes.Data.from_arrays",)),
    "recipes.pairs": Call(lambda w: {"data": w.data}, use=batches),
    "recipes.Spec": Call(
        _with(
            name="own",
            kind="tabular",
            task="binary",
            input_shape=(3,),
            input_dtype="float32",
            outputs=1,
            class_names=("no", "yes"),
        ),
        use=lambda w, spec: predict(w, recipes.mlp(spec)),
    ),
    "recipes.Spec.from_config": Call(lambda w: {"config": w.data.spec.to_config()}, of=lambda w: recipes.Spec),
    "recipes.Spec.to_config": Call(of=lambda w: w.data.spec),
    # --- recipes and models
    "recipes.Recipe": Call(use=build),
    "recipes.Recipe.augment": Call(lambda w: {"data": w.data}, of=lambda w: w.recipe),
    "recipes.Recipe.build_model": Call(lambda w: {"spec": w.data.spec}, of=lambda w: w.recipe),
    "recipes.Recipe.build_optimizer": Call(of=lambda w: w.recipe),
    "recipes.Recipe.build_schedule": Call(_with(peak=0.1), of=lambda w: recipes.Recipe(), use=rates),
    "recipes.Recipe.callbacks": Call(_with(epochs=2), of=lambda w: w.recipe),
    "recipes.Recipe.check": Call(lambda w: {"spec": w.data.spec}, of=lambda w: w.recipe),
    "recipes.Recipe.compile": Call(lambda w: {"model": w.model()}, of=lambda w: w.recipe),
    "recipes.Recipe.from_json": Call(lambda w: {"text": w.recipe.to_json()}, of=lambda w: recipes.Recipe, use=build),
    "recipes.Recipe.regularizers": Call(of=lambda w: w.recipe),
    "recipes.Recipe.resolved": Call(lambda w: {"spec": w.data.spec}, of=lambda w: w.recipe),
    "recipes.Recipe.to_json": Call(of=lambda w: w.recipe),
    "recipes.Recipe.with_names": Call(of=lambda w: w.recipe),
    "recipes.application": Call(_with(**PICTURE, network="MobileNetV3Small"), use=predict),
    "recipes.autoencoder": Call(_with(input_shape=(3,)), use=predict),
    "recipes.cnn": Call(_with(**PICTURE, filters=(2,)), use=predict),
    "recipes.resnet9": Call(_with(**PICTURE, widths=(2,), convolutions=(2,), stem=2), use=predict),
    "recipes.densenet": Call(_with(**PICTURE, growth=2, blocks=(2,)), use=predict),
    "recipes.encoder_decoder": Call(_with(**SIGNAL, output_steps=2, units=(3,)), use=predict),
    "recipes.mixed": Call(lambda w: {"spec": w.record.spec}),
    "recipes.mlp": Call(_with(**SHAPE, hidden=(4,)), use=predict),
    "recipes.multitask": Call(_with(input_shape=(3,), tasks={"a": 2, "b": 1}), use=predict),
    "recipes.resnet": Call(_with(**PICTURE, filters=(2,), blocks=(1,)), use=predict),
    "recipes.rnn": Call(_with(**SIGNAL, units=(3,)), use=predict),
    "recipes.siamese": Call(_with(input_shape=(3,))),
    "recipes.tabular": Call(_with(**SHAPE, hidden=(4,)), use=predict),
    "recipes.text": Call(_with(vocabulary=["a", "b"], length=4, outputs=2)),
    "recipes.tie": Call(lambda w: {"first": w.model(), "second": w.model()}),
    "recipes.untie": Call(lambda w: _tied(w.model(), w.model())),
    "recipes.Momentum": Call(use=apply, options_of=("options of optimizers",)),
    "recipes.Momentum.exclude_from_weight_decay": Call(_with(var_names=["bias"]), of=lambda w: recipes.Momentum(0.1)),
    "recipes.Newton.minimize": Call(
        lambda w: {"loss_function": _bowl, "variables": [keras.Variable([1.0, 2.0])]}, of=lambda w: recipes.Newton()
    ),
    "recipes.Range": Call(_with(name="rate", low=0.1, high=0.2), use=lambda w, range: range.at(0.3)),
    "recipes.Range.at": Call(_with(fraction=0.5), of=lambda w: recipes.Range("rate", 0.1, 0.2)),
    "recipes.register": Call(
        lambda w: {
            "kind": "optimizer",
            "name": f"own_{next(w.numbers)}",
            "build": keras.optimizers.Lamb,
            "hyperparameters": [recipes.Range("learning_rate", 3e-4, 3e-2)],
        }
    ),
    # --- trainings
    "recipes.fit": Call(lambda w: {"data": w.data, "recipe": w.recipe, **TRAINING}),
    "recipes.bagging": Call(lambda w: {"data": w.data, "recipe": w.recipe, "members": 2, "epochs": 1}),
    "recipes.blend_with_linear": Call(lambda w: {"model": w.model(), "data": w.data}),
    "recipes.refit": Call(lambda w: {"run": w.run, "verbose": 0}),
    "recipes.pretrain": Call(lambda w: {"data": w.data, "recipe": w.recipe, **TRAINING}),
    "recipes.transfer": Call(lambda w: {"model": w.pretrained, "data": w.data}, use=predict),
    "recipes.unfreeze": Call(lambda w: {"model": recipes.transfer(w.pretrained, w.data), "recipe": w.recipe}),
    "recipes.fine_tune": Call(
        lambda w: {
            "model": recipes.transfer(w.pretrained, w.data),
            "data": w.data,
            "recipe": w.recipe,
            "epochs": (1, 1),
            "verbose": 0,
        }
    ),
    "recipes.random_label_test": Call(lambda w: {"data": w.data, "recipe": w.recipe, "examples": 20, **TRAINING}),
    "recipes.preset": Call(_with(name="self_normalizing"), options_of=("recipes.Recipe",)),
    "recipes.mc_dropout": Call(
        lambda w: {"model": recipes.mlp(**SHAPE, hidden=(4,), regularizer="dropout"), "x": w.x, "samples": 3}
    ),
    "recipes.adversarial_accuracy": Call(lambda w: {"model": w.run.model, "data": w.data, "epsilon": 0.1}),
    "recipes.sparsity": Call(lambda w: {"model": w.run.model}),
    "recipes.sparsify": Call(lambda w: {"run": w.run}),
    "recipes.curvature": Call(lambda w: {"model": w.run.model, "data": w.data, "examples": 9}),
    "recipes.gradient_over_time": Call(
        lambda w: {"model": w.recipe.compile(recipes.mlp(w.images.spec, hidden=(2,))), "data": w.images, "examples": 5}
    ),
    "recipes.diagnose": Call(lambda w: {"model": w.model(), "data": w.data, "seconds": 0.1}),
    "recipes.Run.evaluate": Call(_with(**SPLIT), of=lambda w: w.run),
    "recipes.Run.evaluate_targets": Call(of=lambda w: w.numbers_run, arguments=_with(**SPLIT)),
    "recipes.Run.load": Call(lambda w: {"directory": w.saved, "data": w.data}, of=lambda w: recipes.Run),
    "recipes.Run.plot": Call(of=lambda w: w.run),
    "recipes.Run.read": Call(of=lambda w: w.run),
    "recipes.Run.read_curves": Call(of=lambda w: w.run),
    "recipes.Run.read_errors": Call(of=lambda w: w.run),
    "recipes.Run.read_units": Call(of=lambda w: w.run),
    "recipes.Run.save": Call(lambda w: {"directory": w.new()}, of=lambda w: w.run),
    "recipes.Run.to_saved": Call(of=lambda w: w.run),
    "recipes.load_run": Call(lambda w: {"directory": w.saved, "data": w.data}),
    # --- exports
    "recipes.export": Call(lambda w: {"run": w.run, "directory": w.new()}),
    "recipes.Predictor": Call(lambda w: {"directory": w.exported}, use=lambda w, predictor: predictor(w.x)),
    "recipes.Predictor.outputs": Call(lambda w: {"arrays": w.x}, of=lambda w: recipes.Predictor(w.exported)),
    "recipes.Predictor.predict_table": Call(lambda w: {"inputs": w.x}, of=lambda w: recipes.Predictor(w.exported)),
    "recipes.Predictor.scores": Call(lambda w: {"inputs": w.x}, of=lambda w: recipes.Predictor(w.exported)),
    "recipes.Predictor.predict_files": Call(
        lambda w: {"inputs": w.numbers_file, "to": w.new() + ".csv"}, of=lambda w: recipes.Predictor(w.exported)
    ),
    # --- comparisons
    "recipes.search": Call(
        lambda w: {"data": w.data, "optimizers": ["momentum", "sgd"], "directory": w.new(), **w.search},
        fixed=frozenset({"ray"}),
    ),
    "recipes.compare": Call(
        lambda w: {
            "candidates": {"a": w.recipe, "b": recipes.Recipe(model=w.recipe.model, learning_rate=0.1)},
            "data": w.data,
            "directory": w.new(),
            "epochs": 1,
            "repeats": 2,
            "verbose": 0,
        },
        fixed=frozenset({"ray"}),
    ),
    "recipes.bench": Call(
        lambda w: {"datasets": [w.data], "optimizers": ["momentum", "sgd"], "directory": w.new(), **w.search},
        options_of=("recipes.search",),
        fixed=frozenset({"ray", "data"}),
    ),
    "recipes.hypermodel": Call(lambda w: {"data": w.data, "recipe": w.recipe, "optimizers": ["adam", "sgd"]}),
    "recipes.merge_searches": Call(
        lambda w: {"*": (w.comparison.directory, w.other_comparison.directory), "to": w.new()}
    ),
    "recipes.Comparison.load": Call(lambda w: {"directory": w.comparison.directory}, of=lambda w: recipes.Comparison),
    "recipes.Comparison.ensemble": Call(_with(size=2, bags=1), of=lambda w: w.comparison),
    "recipes.Comparison.data": Call(of=lambda w: w.comparison),
    "recipes.Comparison.mistakes": Call(lambda w: {"data": w.data}, of=lambda w: w.comparison),
    "recipes.Comparison.plot": Call(of=lambda w: w.comparison),
    "recipes.Comparison.report": Call(lambda w: {"path": w.new() + ".html"}, of=lambda w: w.comparison),
    "recipes.Comparison.table": Call(of=lambda w: w.comparison),
    "recipes.Comparison.tensorboard": Call(lambda w: {"directory": w.new()}, of=lambda w: w.comparison),
    "recipes.Comparison.write": Call(of=lambda w: w.comparison),
    "recipes.Comparison.write_tables": Call(of=lambda w: w.comparison),
    "recipes.Benchmark.load": Call(lambda w: {"directory": w.benchmark.directory}, of=lambda w: recipes.Benchmark),
    "recipes.Benchmark.report": Call(lambda w: {"path": w.new() + ".html"}, of=lambda w: w.benchmark),
    "recipes.Benchmark.table": Call(of=lambda w: w.benchmark),
    "recipes.Benchmark.write": Call(of=lambda w: w.benchmark),
    # --- callbacks
    "callbacks.AdversarialTraining": Call(use=train_with),
    "callbacks.CutMix": Call(use=train_on_images),
    "callbacks.MixUp": Call(use=train_with),
    "callbacks.AveragedWeights": Call(use=lambda w, callback: train_with(w, callback, averaged=True)),
    "callbacks.SharpnessAware": Call(use=train_with),
    "callbacks.StochasticWeightAveraging": Call(use=train_with),
    "callbacks.GradientMonitor": Call(use=train_with),
    **{
        f"callbacks.{path}{state}": Call(_with(**arguments), of=of)
        for path, arguments, make in METHODS
        for state, of in ((" before a training", make), ("", after_training(make)))
    },
    **{
        f"callbacks.{name}.{hook} without a model": Call(
            _with(**arguments), of=_made(name), fixed=frozenset({"epoch", "batch", "logs"})
        )
        for name in callbacks.__all__
        for hook, arguments in HOOKS.items()
        if isinstance(getattr(callbacks, name), type) and issubclass(getattr(callbacks, name), keras.callbacks.Callback)
    },
    "callbacks.AveragedWeights.use": Call(lambda w: {"data": w.x}, of=lambda w: callbacks.AveragedWeights()),
    "callbacks.GradientReport.plot": Call(of=lambda w: callbacks.gradient_report(w.model(), w.x, w.y)),
    "callbacks.GradientReport.table": Call(of=lambda w: callbacks.gradient_report(w.model(), w.x, w.y)),
    "callbacks.GradientSign": Call(lambda w: {"model": w.model(), "epsilon": 0.1}),
    "callbacks.LRFinder": Call(_with(steps=10), use=train_with),
    "callbacks.LivePlot": Call(lambda w: {"file": w.new() + ".png"}, use=train_with),
    "callbacks.MicroBatches": Call(_with(parts=2), use=train_with),
    "callbacks.PerformanceDecay": Call(_with(peak=0.1), use=train_with, options_of=("callbacks.StepSchedule",)),
    "callbacks.RecalibrateBatchNorm": Call(
        lambda w: {"data": w.x}, use=lambda w, callback: train_with(w, callback, "batch")
    ),
    "callbacks.Resume": Call(lambda w: {"directory": w.new()}, use=train_with),
    "callbacks.Resume.position": Call(of=lambda w: callbacks.Resume(w.new())),
    "callbacks.Resume.saved_settings": Call(of=lambda w: callbacks.Resume(w.new())),
    "callbacks.SeveralValidations": Call(lambda w: {"validation_data": (w.x, w.y), "times": 2}, use=train_with),
    "callbacks.StepSchedule": Call(use=lambda w, schedule: schedule),
    "callbacks.StopOnNaN": Call(use=train_with),
    "callbacks.WeightNoise": Call(use=train_with),
    "callbacks.find_learning_rate": Call(
        lambda w: {"model": w.model(), "data": w.x, "y": w.y, "batch_size": 1, "steps": 20},
        options_of=("callbacks.LRFinder",),
    ),
    "callbacks.gradient_report": Call(lambda w: {"model": w.model(), "data": w.x, "y": w.y}),
    "callbacks.read_curves": Call(_with(history={"loss": [1.0, 0.5], "val_loss": [1.0, 0.7]})),
    "callbacks.recalibrate_batch_norm": Call(lambda w: {"model": w.model("batch"), "data": w.x}),
    **{
        f"callbacks.{name}": Call(_with(peak=0.1, total_steps=10), use=rates, options_of=("callbacks.StepSchedule",))
        for name in SCHEDULES
    },
    **{f"callbacks.{name}.rates": Call(_with(total_steps=10), of=_made(name)) for name in SCHEDULES},
    # --- the other choices of a recipe
    **{
        f"recipes.{name}": Call(use=apply, options_of=("options of optimizers",))
        for name in optimizers.__all__
        if name not in ("OPTIMIZERS", "Momentum")
    },
    **{
        f"recipes.{name}": Call(use=regularize)
        for name in regularization.__all__
        if name not in ("REGULARIZERS", "Regularizer", *callbacks.__all__)  # recipes.WeightNoise is the callback
    },
}

NOT_CALLED = {
    "recipes.__version__": "a text",
    "recipes.InvalidArgument": "an error",
    "callbacks.InvalidArgument": "an error",
    "callbacks.Finding": "a result",
    "callbacks.GradientReport": "a result",
    "recipes.Data": "made by load and its ways in",
    "recipes.Run": "made by fit",
    "recipes.Diagnosis": "made by diagnose",
    "recipes.Comparison": "made by search",
    "recipes.Benchmark": "made by bench",
    "recipes.QuickTuner": "takes an oracle of KerasTuner, which calls it",
}
"""Public names without a call, and why."""

INSIDE = (keras.callbacks.Callback, keras.optimizers.Optimizer, callbacks.StepSchedule, recipes.QuickTuner)
"""Classes whose further methods Keras, KerasTuner or the package itself calls."""


def _bowl(values: Any) -> Any:
    return keras.ops.sum(values[0] ** 2)


def _tied(first: Any, second: Any) -> dict[str, Any]:
    recipes.tie(first, second)
    return {"first": first, "second": second}


def public_names() -> Iterator[str]:
    """All public functions and classes, and the methods that users call."""
    for package in (recipes, callbacks):
        for name in package.__all__:
            value = getattr(package, name)
            full = f"{package.__name__.removeprefix('keras_recipes.')}.{name}"
            yield full
            if (
                isinstance(value, type)
                and not issubclass(value, INSIDE)
                and full not in ("recipes.InvalidArgument", "callbacks.InvalidArgument")
            ):
                yield from (
                    f"{full}.{method}"
                    for method in vars(value)
                    if method[0] != "_" and callable(getattr(value, method))
                )


def target_of(name: str, call: Call, world: World) -> Callable[..., Any]:
    """What a call calls."""
    package, *path = name.partition(" ")[0].split(".")
    if call.of is not None:
        return getattr(call.of(world), path[-1])
    return getattr({"recipes": recipes, "callbacks": callbacks}[package], path[0])


def parameters_of(name: str) -> dict[str, inspect.Parameter]:
    """The parameters of a public name, with those that it passes on as ``**options``."""
    from recipes.optimizers.base import Optimizer

    if name == "options of optimizers":
        return _own(Optimizer.__init__)
    call = CALLS[name]
    package, *path = name.partition(" ")[0].split(".")
    value: Any = {"recipes": recipes, "callbacks": callbacks}[package]
    for part in path:
        value = getattr(value, part)
    own = _own(value.__init__ if isinstance(value, type) else value)
    for other in call.options_of:
        own = {**parameters_of(other), **own}
    return {key: parameter for key, parameter in own.items() if key not in call.fixed}


def _own(function: Any) -> dict[str, inspect.Parameter]:
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = inspect.signature(function).parameters
    return {name: parameter for name, parameter in parameters.items() if parameter.kind in kinds and name != "self"}
