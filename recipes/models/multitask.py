"""multitask: one network for several tasks on the same inputs."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_choice, check_integer, check_number
from ..choice import Choice
from ..model_files import set_weights
from ..regularization.tying import tie
from .blocks import Style
from .encoder import encoder, head_style, of_factory
from .preprocessing import rescaled

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["multitask"]

STRENGTH = 1e-2
"""Default strength of the ties."""


@checked
def multitask(
    spec: Spec | None = None,
    *,
    input_shape: Sequence[int] | None = None,
    tasks: Mapping[str, int | Mapping[str, Any]],
    model: Choice = "mlp",
    sharing: str = "shared",
    strength: float | None = None,
    name: str = "multitask",
    **options: Any,
) -> keras.Model:
    """One network for several tasks: a trunk, a factory's model without its output layer, and one output per task.

    The trunk learns from the examples of all tasks. This helps if the tasks depend on the same features of the input.
    Weight the tasks when you compile: ``recipe.compile(model, loss_weights={"odd": 0.3})``. The labels are a dictionary
    with the same keys: ``data.train.map(lambda x, y: (x, {"digit": y, "odd": y % 2}))``.

    Args:
        spec: of the data (``data.spec``), for the shape and the normalization of the raw inputs; its task is ignored.
        input_shape: without the batch; instead of ``spec``.
        tasks: from the name of each task to its number of classes, 1 for a binary task; or to a mapping with "outputs"
            and "task" ("multiclass", "binary" or "regression"). For a regression the mapping may also have
            "target_mean" and "target_variance": the model then answers in the units of the target, and its loss is a
            fraction of the variance.
        model: the factory of the trunk: a name, a mapping of a name and options, or a function from a Spec to a Keras
            model whose last dense layer is called "outputs". Default "mlp".
        sharing: "shared" (default) for one trunk, the layer "trunk"; or "tied" for one trunk per task ("trunk_digit",
            ...), all with the same initial weights and tied in pairs: see :func:`recipes.tie`. Tie a model again after
            loading it.
        strength: of the ties, >= 0; None (default) for 0.01. Only for "tied".
        name: of the model.
        **options: of the factory: ``hidden=(100, 50)``, ``regularizer="dropout"``, ...

    Returns:
        A plain, uncompiled model from (batch, *input_shape) to a dictionary from tasks to probabilities or numbers of
        shape (batch, outputs).

    Raises:
        InvalidArgument: for an unknown name, an invalid size or task, or a factory whose model cannot be cut.

    Source: Caruana 1997; Goodfellow et al. 2016, sections 7.7 and, for tied weights, 7.9.

    Example:
        >>> model = multitask(input_shape=(8, 8, 1), tasks={"digit": 10, "odd": 1}, hidden=(50,))
        >>> {name: output.shape for name, output in model.output.items()}
        {'digit': (None, 10), 'odd': (None, 1)}
        >>> angle = {"outputs": 1, "task": "regression", "target_mean": 90.0, "target_variance": 2700.0}
        >>> model = multitask(input_shape=(8, 8, 1), tasks={"digit": 10, "angle": angle}, sharing="tied")
        >>> sorted(layer.name for layer in model.layers if layer.name.startswith("trunk"))
        ['trunk_angle', 'trunk_digit']
    """
    check_choice("sharing", sharing, ("shared", "tied"))
    if strength is not None:
        strength = check_number("strength", strength, low=0)
        if sharing == "shared":
            raise InvalidArgument("strength", strength, "given only with sharing='tied'")
    heads = _heads(tasks)
    model, options = of_factory(model, options)
    style = head_style(options)
    names = ["trunk"] if sharing == "shared" else [f"trunk_{task}" for task in heads]
    trunks = [encoder(model, spec, input_shape, options, name=trunk_name) for trunk_name in names]
    for trunk in trunks[1:]:
        set_weights(trunk, trunks[0].get_weights())
    single = trunks[0].inputs[0]
    inputs = keras.Input(single.shape[1:], dtype=single.dtype, name="inputs")
    embeddings = [trunk(inputs) for trunk in trunks]
    if sharing == "shared":
        embeddings *= len(heads)
    outputs = {task: _output(x, task, heads[task], style) for task, x in zip(heads, embeddings, strict=True)}
    for first, second in itertools.combinations(trunks, 2):
        tie(first, second, STRENGTH if strength is None else strength)
    return keras.Model(inputs, outputs, name=name)


def _output(x: Any, name: str, head: Mapping[str, Any], style: Style) -> Any:
    """The output of one task, as by :func:`recipes.models.blocks.output_layer`, with layers named after the task."""
    x = keras.layers.Dense(head["outputs"], **style.output_kernel(), name=f"{name}_outputs")(x)
    if head["task"] == "regression" and "target_variance" in head:
        return rescaled(x, head["target_mean"], head["target_variance"], name=name)
    activation = {"multiclass": "softmax", "binary": "sigmoid", "regression": "linear"}[head["task"]]
    return keras.layers.Activation(activation, dtype="float32", name=name)(x)


def _heads(tasks: Any) -> dict[str, dict[str, Any]]:
    """The tasks, checked: for each a mapping with "outputs" and "task", and the target's scale if there is one."""
    if not isinstance(tasks, Mapping) or not tasks:
        raise InvalidArgument("tasks", tasks, 'a mapping from names to numbers of classes, such as {"digit": 10}')
    heads = {name: _head(name, head) for name, head in tasks.items()}
    layers = ["inputs", "trunk", *heads, *(f"{name}_outputs" for name in heads), *(f"trunk_{name}" for name in heads)]
    for name in heads:
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
            raise InvalidArgument("tasks", name, "named by letters, digits, '_', '-' and '.'")
        if layers.count(name) > 1:
            raise InvalidArgument("tasks", name, 'named unlike "inputs", "trunk", and the layers of other tasks')
    return heads


def _head(name: Any, description: Any) -> dict[str, Any]:
    argument = f"tasks[{name!r}]"
    if not isinstance(description, Mapping):
        description = {"outputs": check_integer(argument, description, low=1)}
    for key in description:
        check_choice(f"a key of {argument}", key, ("outputs", "task", "target_mean", "target_variance"))
    outputs = check_integer(f"{argument}['outputs']", description.get("outputs"), low=1)
    task = description.get("task", "multiclass" if outputs > 1 else "binary")
    check_choice(f"{argument}['task']", task, ("multiclass", "binary", "regression"))
    if (task == "multiclass" and outputs < 2) or (task == "binary" and outputs != 1):
        accepted = "1 for a binary task and at least 2 for a multiclass one"
        raise InvalidArgument(f"{argument}['outputs']", outputs, accepted)
    head = {"outputs": outputs, "task": task}
    scale = {key: value for key, value in description.items() if key.startswith("target_")}
    if scale:
        if task != "regression" or len(scale) != 2:
            accepted = "given target_mean and target_variance, for a regression only"
            raise InvalidArgument(argument, dict(description), accepted)
        head["target_mean"] = check_number(f"{argument}['target_mean']", scale["target_mean"], double=True)
        head["target_variance"] = check_number(
            f"{argument}['target_variance']", scale["target_variance"], above=0, double=True
        )
    return head
