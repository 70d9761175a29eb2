"""decided: whether each repeat of a search has its own split of the data."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from ...callbacks.checks import InvalidArgument
from .protocol import Protocol

if TYPE_CHECKING:
    from ..data import Data

__all__ = ["decided"]


def decided(protocol: Protocol, data: Data) -> Protocol:
    """The protocol with its ``resplit`` decided for the data.

    By default repeats have their own splits where there are fewer than 10,000 training and validation examples, for
    there the choice of the examples is most of the noise, and where the data can be divided so.

    Raises:
        InvalidArgument: where ``resplit`` is asked for and the data cannot be divided anew.
    """
    from ..data.resplit import carved_splits, folds_in
    from ..data.splitting.holding_out import SMALL

    counts, carved = data.settings["counts"], carved_splits(data.settings)
    if protocol.resplit and not carved:
        accepted = "left out for data whose validation and test splits are both given"
        raise InvalidArgument("resplit", protocol.resplit, accepted)
    if (
        protocol.resplit is False
        or not carved
        or (not protocol.resplit and counts["train"] + counts["validation"] >= SMALL)
    ):
        return dataclasses.replace(protocol, resplit=False)
    try:
        for number in range(1, min(protocol.most_repeats, folds_in(data.settings) + 1)):  # further ones are alike
            data.resplit(number)
    except InvalidArgument as error:
        if protocol.resplit:
            raise InvalidArgument("resplit", protocol.resplit, f"left out for these data ({error})") from None
        return dataclasses.replace(protocol, resplit=False)
    return dataclasses.replace(protocol, resplit=True)
