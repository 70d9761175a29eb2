"""The options that several commands of the command line share, and what they mean."""

from __future__ import annotations

from typing import Annotated, Any

import typer

__all__ = [
    "Activation",
    "BatchSize",
    "Compared",
    "DataDir",
    "Dataset",
    "Epochs",
    "Exclude",
    "Features",
    "ImageSize",
    "Initializer",
    "Model",
    "Normalization",
    "Optimizer",
    "Regularizer",
    "Schedule",
    "Seed",
    "Target",
    "Task",
    "Validation",
    "choices",
    "names",
]

Dataset = Annotated[str, typer.Argument(help="Any TFDS dataset, or one of `recipes list datasets`.")]
DataDir = Annotated[str | None, typer.Option(help="Where TFDS datasets are prepared. Default: TFDS's own folder.")]
Target = Annotated[str | None, typer.Option(help="What to predict; several by commas. Default: the dataset's own.")]
Task = Annotated[
    str | None, typer.Option(help="binary, multiclass, multilabel or regression. Default: told by the target.")
]
Features = Annotated[
    str | None, typer.Option(help="Inputs, by commas; name:category, name:number or name:text to say what one is.")
]
Exclude = Annotated[str, typer.Option(help="Features to leave out, separated by commas.")]
ImageSize = Annotated[str | None, typer.Option(help="HEIGHTxWIDTH to which images are brought, e.g. 64x64.")]
Model = Annotated[str, typer.Option(help="See `recipes list models`. Default: what suits the data.")]
Epochs = Annotated[int, typer.Option(help="Passes over the training data.")]
BatchSize = Annotated[int | None, typer.Option(help="Examples a batch. Default: 32 below 10,000 examples, else 128.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same numbers.")]
Validation = Annotated[
    float | None, typer.Option(help="Share of the training data to validate on. Default: 0.2 below 10,000, else 0.1.")
]
Activation = Annotated[str, typer.Option(help="See `recipes list activations`.")]
Initializer = Annotated[str, typer.Option(help="See `recipes list initializers`.")]
Normalization = Annotated[str, typer.Option(help="auto (batch normalization when deep), batch or none.")]
Optimizer = Annotated[str, typer.Option(help="See `recipes list optimizers`.")]
Regularizer = Annotated[str, typer.Option(help="See `recipes list regularizers`; several joined by +.")]
Schedule = Annotated[str, typer.Option(help="See `recipes list schedules`.")]
Compared = Annotated[str | None, typer.Option(help="Names to compare, separated by commas.")]


def names(text: str) -> list[str]:
    """The names in a text that separates them by commas; empty ones are left out.

    Example:
        >>> names("a, b,")
        ['a', 'b']
    """
    return [part.strip() for part in text.split(",") if part.strip()]


def choices(
    target: str | None, task: str | None, features: str | None, exclude: str, image_size: str | None
) -> dict[str, Any]:
    """What :func:`recipes.load` is to take for these texts.

    Raises:
        InvalidArgument: for a size that is not HEIGHTxWIDTH.
    """
    from ...callbacks.checks import InvalidArgument

    found: dict[str, Any] = {"task": task, "exclude": names(exclude)}
    targets = names(target) if target is not None else []
    found["target"] = targets[0] if len(targets) == 1 else targets or None
    if features is not None:
        parts = [part.rpartition(":") if ":" in part else (part, "", "") for part in names(features)]
        told = {name.strip(): kind.strip() for name, _, kind in parts}
        found["features"] = told if all(told.values()) else list(told)
        if any(told.values()) and not all(told.values()):
            raise InvalidArgument("features", features, "a kind for every feature, name:kind, or for none")
    if image_size is not None:
        sides = image_size.lower().split("x")
        if len(sides) != 2 or not all(side.isdigit() for side in sides):
            raise InvalidArgument("image_size", image_size, "HEIGHTxWIDTH, e.g. 64x64")
        found["image_size"] = (int(sides[0]), int(sides[1]))
    return found
