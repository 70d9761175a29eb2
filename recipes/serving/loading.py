"""Reading back what was written: a saved run, and an exported model that answers with class names."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from callbacks.checks import InvalidArgument
from recipes.data.spec import Spec

__all__ = ["Predictor", "load_inputs", "load_run"]


def load_run(directory: str | os.PathLike[str], *, data_dir: str | None = None) -> Any:
    """The run that ``Run.save`` wrote, with its dataset loaded again.

    Args:
        directory: where it was saved.
        data_dir: where the dataset is prepared; as in :func:`recipes.load`.

    Raises:
        InvalidArgument: when the directory holds no run, or its dataset is not one that can be loaded by name.
    """
    import keras

    from recipes.data import load
    from recipes.recipe import Recipe
    from recipes.run import Run

    folder = Path(directory)
    if not (folder / "run.json").is_file():
        raise InvalidArgument("run", str(directory), "a directory that Run.save or `recipes train --save` has written")
    facts = json.loads((folder / "run.json").read_text())
    settings = facts["data"]
    options = {name: settings[name] for name in ("batch_size", "seed") if name in settings}
    options |= {name: settings[name] for name in ("validation", "test") if isinstance(settings.get(name), float)}
    options |= settings.get("options", {})
    fold = re.fullmatch(r"fold (\d+) of (\d+)", str(settings.get("validation")))
    data: Any = load(settings["name"], data_dir=data_dir, **options)
    if fold is not None:
        data = data.folds(int(fold[2]))[int(fold[1])]
    lines = [line.split(",") for line in (folder / "history.csv").read_text().splitlines()]
    history = {name: [float(row[k]) for row in lines[1:]] for k, name in enumerate(lines[0]) if name != "epoch"}
    return Run(
        model=keras.models.load_model(folder / "model.keras"),
        recipe=Recipe.from_json((folder / "recipe.json").read_text()),
        data=data,
        history=history,
        epochs=facts["epochs"],
        best_epoch=facts["best_epoch"],
        seed=facts["seed"],
        seconds=facts["seconds"],
        message=facts["message"],
    )


class Predictor:
    """An exported SavedModel, answering with class names where it has them.

    Args:
        directory: what :func:`recipes.export` wrote, or its ``saved_model`` folder.

    Raises:
        InvalidArgument: when there is no SavedModel there.

    Example:
        >>> Predictor("out")(images)[0]                     # doctest: +SKIP
        {'class': '7', 'probability': 0.998}
    """

    def __init__(self, directory: str | os.PathLike[str]):
        import tensorflow as tf

        folder = Path(directory)
        if (folder / "saved_model").is_dir():
            folder = folder / "saved_model"
        if not (folder / "saved_model.pb").is_file():
            raise InvalidArgument("saved_model", str(directory), "a directory that recipes.export has written")
        self._served = tf.saved_model.load(str(folder))
        _, keywords = self._served.signatures["serving_default"].structured_input_signature
        ((_, self._signature),) = keywords.items()
        beside = folder.parent / "spec.json"
        self.spec = Spec.from_config(json.loads(beside.read_text())) if beside.is_file() else None

    def __call__(self, inputs: np.ndarray) -> list[dict[str, Any]]:
        """The answers for a batch of raw inputs, or for a single one.

        Args:
            inputs: shape (n, *input_shape) or (*input_shape); of the exported dtype, or whole numbers that fit it.

        Returns:
            For each input ``{"class": name, "probability": p}``, or ``{"value": v}`` for regression.

        Raises:
            InvalidArgument: when the shape or the values do not fit.
        """
        outputs = np.asarray(self._served.serve(self._fitted(np.asarray(inputs))))
        task = self.spec.task if self.spec else ("multiclass" if outputs.shape[-1] > 1 else "regression")
        if task == "regression":
            return [{"value": float(row[0])} for row in outputs]
        if task == "binary":
            outputs = np.concatenate([1.0 - outputs, outputs], axis=1)
        names = self.spec.class_names if self.spec else tuple(str(k) for k in range(outputs.shape[1]))
        best = outputs.argmax(axis=1)
        return [
            {"class": names[k], "probability": float(row[k])} for k, row in zip(best.tolist(), outputs, strict=True)
        ]

    def _fitted(self, inputs: np.ndarray) -> np.ndarray:
        shape = tuple(self._signature.shape[1:])
        dtype = self._signature.dtype.as_numpy_dtype
        wanted = f"{np.dtype(dtype).name} values of shape {(None, *shape)}"
        if inputs.shape == shape:
            inputs = inputs[None]
        elif shape[-1:] == (1,) and (inputs.shape == shape[:-1] or (inputs.ndim and inputs.shape[1:] == shape[:-1])):
            # without the channel
            inputs = inputs.reshape(-1, *shape)
        if inputs.shape[1:] != shape or not inputs.size:
            raise InvalidArgument("input", inputs.shape, wanted)
        if not np.issubdtype(inputs.dtype, np.number):
            raise InvalidArgument("input", inputs.dtype.name, wanted)
        if np.issubdtype(dtype, np.integer):
            limits = np.iinfo(dtype)
            whole = (
                np.issubdtype(inputs.dtype, np.integer) and inputs.min() >= limits.min and inputs.max() <= limits.max
            )
            if not whole:
                raise InvalidArgument("input", f"{inputs.dtype.name} from {inputs.min()} to {inputs.max()}", wanted)
        return inputs.astype(dtype)


def load_inputs(path: str | os.PathLike[str], spec: Spec | None) -> np.ndarray:
    """Raw inputs from a file: ``.npy`` (an array), ``.csv`` (a row an example) or an image (PNG, JPEG, ...).

    Raises:
        InvalidArgument: when the file is not there or cannot be read as what its name says.
    """
    file = Path(path)
    if not file.is_file():
        raise InvalidArgument("input", str(path), "a file: .npy, .csv, .png, .jpg, .bmp or .gif")
    suffix = file.suffix.lower()
    try:
        if suffix == ".npy":
            return np.load(file, allow_pickle=False)
        if suffix == ".csv":
            return np.loadtxt(file, delimiter=",", ndmin=2, dtype=np.float32)
        if suffix in (".png", ".jpg", ".jpeg", ".bmp", ".gif"):
            import tensorflow as tf

            channels = spec.input_shape[-1] if spec is not None and len(spec.input_shape) == 3 else 0
            return tf.io.decode_image(file.read_bytes(), channels=channels, expand_animations=False).numpy()
    except Exception as error:
        reason = str(error).splitlines()[0][:100]
        raise InvalidArgument("input", str(path), f"a readable {suffix} file ({reason})") from None
    raise InvalidArgument("input", str(path), "a .npy, .csv, .png, .jpg, .bmp or .gif file")
