"""PRESETS: recipes for a need, by name. preset: the recipe of one, with changes."""

from __future__ import annotations

import functools
from typing import Any

from ..callbacks.checks import InvalidArgument
from .catalogue import Catalogue, Entry
from .recipe import Recipe

__all__ = ["PRESETS", "preset"]

PRESETS = Catalogue(
    "preset",
    [
        Entry(
            "default",
            Recipe,
            "The default setup of 2019-20: He, ELU, batch normalization when deep, early stopping, momentum, 1cycle.",
            "Géron 2019, table 11-3",
            when="Start here, with any data. Leave it only for a need that another preset names.",
        ),
        Entry(
            "self_normalizing",
            functools.partial(
                Recipe,
                initializer="lecun_normal",
                activation="selu",
                normalization="none",
                regularizer=("early_stopping", "alpha_dropout"),
            ),
            "SELU, LeCun's initialization and alpha dropout: deep stacks of dense layers without normalization.",
            "Géron 2019, table 11-4; Klambauer et al. 2017",
            when="For plain stacks of more than about ten dense layers. Not with convolutions or skip "
            "connections, where the mean and variance that SELU keeps do not hold.",
        ),
        Entry(
            "sparse",
            functools.partial(Recipe, regularizer=("early_stopping", {"name": "l1", "strength": 1e-3})),
            "An L1 penalty of 0.001, which drives most weights to nearly zero; recipes.sparsify removes them.",
            "Géron 2019, ch. 11",
            when="For a model that must be small or whose weights are to be read. Not where accuracy is all "
            "that counts: L1 of this strength costs some.",
        ),
        Entry(
            "low_latency",
            functools.partial(Recipe, activation="relu"),
            "ReLU, the cheapest activation; export to litert_int8, which folds batch normalization, for 8 bits.",
            "Géron 2019, ch. 11",
            when="For phones and for answers within a fraction of a millisecond. Elsewhere ELU, the default, "
            "has no dead units.",
        ),
        Entry(
            "uncertain",
            functools.partial(Recipe, regularizer=("early_stopping", "dropout")),
            "Dropout after each hidden layer, which recipes.mc_dropout leaves on: predictions with their uncertainty.",
            "Géron 2019, ch. 11; Gal and Ghahramani 2016",
            when="Where mistakes are expensive and doubtful cases can be passed to a person. Not where "
            "answers must be fast: each is the mean of many passes.",
        ),
        Entry(
            "fast",
            functools.partial(
                Recipe,
                model={
                    "name": "resnet9",
                    "stem": "whitening",
                    "widths": (64, 128, 256),
                    "convolutions": (2, 2, 2),
                },
                activation="gelu",
                regularizer=(
                    {"name": "augmentation", "transformations": ("alternating_flip", "pad_and_crop")},
                    {"name": "label_smoothing", "epsilon": 0.18},
                    {"name": "weight_decay", "strength": 0.01},
                ),
                optimizer="nesterov",
                learning_rate=0.15,
                schedule={"name": "one_cycle", "start_fraction": 0.2},
            ),
            "Photographs of about 32 pixels in ten epochs: a small ResNet-9 with whitened patches, flips and moves.",
            "Jordan 2024, arXiv:2404.00498",
            when="For tens of thousands of small photographs and few minutes. Not with a thousand images: its rate, "
            "for batches of 128, needs hundreds of steps.",
        ),
    ],
)

ONLY = {"self_normalizing": {"activation": "selu", "normalization": "none"}}
"""What cannot be replaced: nothing else keeps the mean and the variance."""


def preset(name: str, **choices: Any) -> Recipe:
    """A recipe for a need: the default setup, or a self-normalizing, sparse, low-latency, uncertain or fast network.

    Args:
        name: "default"; "self_normalizing": SELU, LeCun's initialization, alpha dropout and no normalization, for
            networks of dense layers, whose inputs the models of this package standardize; "sparse": an L1 penalty, for
            :func:`recipes.sparsify`;
            "low_latency": ReLU, for predictions at least cost; "uncertain": dropout for :func:`recipes.mc_dropout`;
            "fast": :func:`recipes.resnet9` for photographs of about 32 pixels, as CIFAR-10's, with half the filters of
            airbench94 in its second group, alternating flips, moves by 2 of 32 pixels, label smoothing and a rate for
            batches of 128 without a range test; on GPUs, and processors with bfloat16 units, with
            ``precision="mixed_bfloat16"`` (``recipes list presets``).
        **choices: fields of :class:`recipes.Recipe`, in place of those of the preset.

    Raises:
        UnknownName: for another name.
        InvalidArgument: for choices that a recipe refuses, and for another activation or a normalization with
            "self_normalizing", which is SELU without one.

    Source: Géron 2019, chapter 11, tables 11-3 and 11-4 and the exceptions below them; "fast": Jordan 2024,
    arXiv:2404.00498, whose rate, momentum and decay these are in the units of this package, without its look-ahead, its
    identities among the first weights and its flipped copies at test time.

    Example:
        >>> recipe = preset("self_normalizing", optimizer="nadam")
        >>> recipe.activation, recipe.initializer, recipe.normalization, recipe.regularizer_name
        ('selu', 'lecun_normal', 'none', 'early_stopping+alpha_dropout')
        >>> preset("default") == Recipe()
        True
    """
    entry = PRESETS[name]
    for field, only in ONLY.get(entry.name, {}).items():
        if choices.get(field, only) != only:
            raise InvalidArgument(field, choices[field], f"{only!r} for {entry.name!r}, or another preset")
    return entry.build(**choices)
