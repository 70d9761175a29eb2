"""EmbeddedBuilder: what the builders of embedded datasets have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import tensorflow_datasets as tfds

__all__ = ["EmbeddedBuilder", "evenly"]

Item = TypeVar("Item")


class EmbeddedBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """A builder with one split, "train", since none of the publishers divided the data, and with nothing to download.

    A subclass has ``_info``, which returns :meth:`describe`, and :meth:`examples`.
    """

    VERSION = tfds.core.Version("1.0.0")

    def describe(
        self, description: str, homepage: str, features: dict[str, Any], supervised: bool = True
    ) -> tfds.core.DatasetInfo:
        """The dataset's information.

        Args:
            description: a sentence or two.
            homepage: where the publisher tells more.
            features: by name.
            supervised: whether the features are two, input and target in this order.
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
        """All examples, each with a number of its own, always in the same order."""
        raise NotImplementedError


def evenly(items: Sequence[Item], count: int) -> list[Item]:
    """At most ``count`` of the items, the first and then at equal distances, always the same.

    Example:
        >>> evenly("abcdefgh", 3)
        ['a', 'c', 'f']
    """
    count = min(count, len(items))
    return [items[position * len(items) // count] for position in range(count)]
