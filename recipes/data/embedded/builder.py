"""EmbeddedBuilder: the base class of the builders of embedded datasets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import tensorflow_datasets as tfds

__all__ = ["EmbeddedBuilder", "evenly"]

Item = TypeVar("Item")


class EmbeddedBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """A builder with one split, "train", since no publisher split the data, and nothing to download.

    A subclass defines ``_info``, which returns :meth:`describe`, and :meth:`examples`.
    """

    VERSION = tfds.core.Version("1.0.0")

    def describe(
        self, description: str, homepage: str, features: dict[str, Any], supervised: bool = True
    ) -> tfds.core.DatasetInfo:
        """The ``DatasetInfo``.

        Args:
            description: a sentence or two.
            homepage: the publisher's page.
            features: TFDS features by name.
            supervised: whether the features are one input and one target, in this order.
        """
        return tfds.core.DatasetInfo(
            builder=self,
            description=description,
            homepage=homepage,
            features=tfds.features.FeaturesDict(features),
            supervised_keys=tuple(features) if supervised else None,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        return self.examples()

    def examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """All (number, example) pairs, always in the same order."""
        raise NotImplementedError


def evenly(items: Sequence[Item], count: int) -> list[Item]:
    """At most ``count`` of the items, evenly spaced from the first; always the same ones.

    Example:
        >>> evenly("abcdefgh", 3)
        ['a', 'c', 'f']
    """
    count = min(count, len(items))
    return [items[position * len(items) // count] for position in range(count)]
