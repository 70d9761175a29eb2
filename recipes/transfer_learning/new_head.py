"""transfer: a new head on the lower layers of a trained network."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_integer, check_path
from ..models.backbones import BACKBONES
from ..models.blocks import Style, output_layer
from ..run import Run
from ..training_checks import check_data, check_fits
from .backbone import backbone_of
from .pretraining import Pretrained
from .trunk import features_of, trunk_of

if TYPE_CHECKING:
    from ..data import Data

__all__ = ["transfer"]


@checked
def transfer(
    model: Run | Pretrained | keras.Model | str | os.PathLike[str],
    data: Data,
    *,
    freeze: bool | int = True,
    at: str | None = None,
    weights: str | os.PathLike[str] | None = None,
    image_size: int | None = None,
    regularizer: Sequence[Any] | str = (),
    name: str = "transfer",
    **options: Any,
) -> keras.Model:
    """A new model for ``data``: the lower layers of a trained model, with its weights, and a new head.

    Frozen layers run in inference mode, even in training: batch normalization keeps its statistics, and dropout and
    noise are removed. (Keras passes ``training=True`` even to layers called with ``training=False``.) The head is a
    dense layer with the activation for the task of ``data``. Preprocessing belongs to the lower layers: inputs are
    normalized by the statistics of the data that the model was trained on. The source model does not change.

    The lower layers of a model of this package end before its layer "outputs"; those of any other model that ends in
    softmax or sigmoid, before the layer that makes its outputs. Of all other models, every layer is taken. Feature maps
    are averaged over their positions.

    A name of ``keras.applications`` (``recipes.transfer_learning.BACKBONES``) builds that network without its top and
    loads ``weights`` into it; nothing is downloaded. In front of it are layers for the preprocessing that its weights
    were trained with (pixels from -1 to 1 or the like, from images with any white level), for turning grey images into
    three channels, and for enlarging images that are too small.

    Args:
        model: a Run, the result of :func:`recipes.pretrain`, a functional or sequential Keras model, the path of a
            ``.keras`` file or of a folder with a ``model.keras``, or a name of ``keras.applications``.
        data: the data of the new task.
        freeze: True (default) freezes all lower layers; a number freezes that many of the lowest layers with a kernel
            (with their normalization), and the others are trained further; False freezes none: the weights are only
            the starting point.
        at: the name of the layer whose output provides the features, instead of the rule above. Default None.
        weights: for a name of ``keras.applications``: the file, as ``save_weights`` of the network without its top
            writes it (``.weights.h5``), or as Keras publishes it (``..._no_top.h5``). None (default), with
            ``freeze=False``, for random weights.
        image_size: for a name of ``keras.applications``: the shorter side in pixels after resizing; None (default)
            keeps the size of the images, unless they are too small.
        regularizer: of the head's kernel: names or regularizer objects; default none. The lower layers keep their
            regularizers.
        name: of the model.
        **options: of the network in ``keras.applications``, such as ``alpha=0.35``.

    Returns:
        A plain, uncompiled ``keras.Model`` from raw inputs to the outputs for ``data``; train it by
        ``recipes.fit(data, model=...)``.

    Raises:
        InvalidArgument: for a missing file or one with another network, an unknown name, a model that Keras cannot copy
            or whose inputs differ from those of ``data``, and options that this kind of model does not take.

    Source: Yosinski et al. 2014; Keras' guide "Transfer learning and fine-tuning".

    Example:
        >>> model = recipes.transfer("runs/digits", letters)                  # doctest: +SKIP
        >>> run = recipes.fit(letters, model=model, epochs=5)
        >>> gentle = recipes.unfreeze(model, run.recipe)
        >>> run = recipes.fit(letters, gentle, model=model, epochs=5)
    """
    check_data(data)
    if not isinstance(freeze, bool):
        freeze = check_integer("freeze", freeze, low=0)
    named = isinstance(model, str) and model in BACKBONES
    if named:
        if weights is None and freeze:
            accepted = f"a file with the weights of {model}: none is downloaded, and random ones need freeze=False"
            raise InvalidArgument("weights", None, accepted)
        source = backbone_of(str(model), data.spec, weights, image_size, options)
    else:
        for key, value in {"weights": weights, "image_size": image_size, **options}.items():
            if value is not None:
                raise InvalidArgument(key, value, "left out: only a name of keras.applications takes it")
        source = _keras_model(model)
    trunk = trunk_of(source, features_of(source, at), freeze)
    x = trunk.outputs[0]
    if len(x.shape) > 2:
        rank = len(x.shape) - 2
        pools = {1: keras.layers.GlobalAveragePooling1D, 2: keras.layers.GlobalAveragePooling2D}
        x = pools[rank](name="pooled")(x)
    output = output_layer(x, data.spec, data.spec.outputs, None, Style(regularizer=regularizer))
    new = keras.Model(trunk.input, output, name=name)
    check_fits(new, data)
    return new


def _keras_model(model: Any) -> keras.Model:
    """The Keras model of a Run, a Pretrained or a path."""
    if isinstance(model, (Run, Pretrained)):
        if model.diverged:
            raise InvalidArgument("model", model.message, "one whose training did not diverge")
        return model.model
    if isinstance(model, keras.Model):
        return model
    if not isinstance(model, (str, os.PathLike)):
        accepted = "a Run, a Keras model, the path of a .keras file, or a name of keras.applications"
        raise InvalidArgument("model", model, accepted)
    path = Path(check_path("model", model))
    if path.is_dir():
        path = path / "model.keras"
    if not path.is_file():
        raise InvalidArgument("model", str(model), f"a .keras file that exists, or one of {', '.join(BACKBONES)}")
    try:
        return keras.models.load_model(path, compile=False)
    except Exception as error:
        reason = str(error).splitlines()[0][:100]
        raise InvalidArgument("model", str(model), f"a .keras file that Keras can read ({reason})") from None
