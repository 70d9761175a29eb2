"""NewModels: new models that were not trained, for other trainings that begin with the same ones."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Hashable
from typing import TYPE_CHECKING

import keras

from ..callbacks.inside.random_state import random_state
from ..callbacks.inside.weights import bytes_of
from .choice import identity, is_named, options_of
from .registration.own_entries import own_entries
from .registration.own_model import is_own_model
from .step_keys import structure_of

if TYPE_CHECKING:
    from .data.spec import Spec
    from .recipe import Recipe

__all__ = ["NewModel", "NewModels", "new_model_key"]

COUNT, LARGEST = 128, 2**27
"""How many models to keep, and how many bytes their variables may take."""


class NewModel:
    """A model as a recipe has built it from a seed.

    Args:
        model: not compiled.
        seed: that it was built from.
        key: of :func:`new_model_key`; None for one that no other training may have.

    Attributes:
        states: of the random generators, after it was built.
    """

    def __init__(self, model: keras.Model, seed: int, key: Hashable | None):
        self.model, self.seed, self.key = model, seed, key
        self.states = random_state()

    @functools.cached_property
    def structure(self) -> str | None:
        """As :func:`recipes.step_keys.structure_of` gives it, while the model is not compiled."""
        return structure_of(self.model)


class NewModels:
    """Keeps new models by key; the least recently kept are dropped.

    Building a small network takes as long as training it for several epochs, and a search trains every arm from the
    same seeds. A training that has a compiled step of another model only reads its own new model, which then is as good
    as new for the next arm.

    Example:
        >>> models = NewModels()                                                          # doctest: +SKIP
        >>> models.keep(new)
        >>> models.take(new.key) is new, models.take(new.key)
        (True, None)
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, tuple[NewModel, int]] = OrderedDict()
        self._bytes = 0

    def keep(self, new: NewModel) -> None:
        """Keeps a model, which must stay as it is until it is taken; nothing for one without a key."""
        if new.key is None:
            return
        self.take(new.key)
        size = bytes_of(new.model.variables)
        self._kept[new.key] = (new, size)
        self._bytes += size
        while len(self._kept) > COUNT or self._bytes > LARGEST:
            self._bytes -= self._kept.popitem(last=False)[1][1]

    def take(self, key: Hashable | None) -> NewModel | None:
        """The model of a key, which is kept no longer; None if there is none."""
        new, size = self._kept.pop(key, (None, 0))
        self._bytes -= size
        return new

    def __len__(self) -> int:
        return len(self._kept)


def new_model_key(recipe: Recipe, spec: Spec, seed: int) -> Hashable | None:
    """What a new model depends on; None where something of one's own, which may know more, has a part in it.

    Args:
        recipe: resolved for the data.
        spec: of the data.
        seed: of the random generators.
    """
    layers = [option for option in options_of(recipe.model).values() if isinstance(option, keras.layers.Layer)]
    objects = [choice for choice in (recipe.initializer, *recipe.regularizer) if not is_named(choice)]
    objects += [] if isinstance(recipe.bias, (str, float, int)) else [recipe.bias]
    if is_own_model(recipe.model) or layers or objects or own_entries(recipe.names):
        return None
    in_model = [regularizer.to_choice() for regularizer in recipe.regularizers() if regularizer.acts_in_model]
    chosen = (recipe.model, recipe.initializer, recipe.activation, recipe.normalization, recipe.bias, in_model)
    return repr(identity(chosen)), recipe.precision, spec, spec.class_shares, spec.examples, seed
