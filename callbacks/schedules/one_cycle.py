"""OneCycle: Smith's 1cycle policy for the learning rate and the momentum."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..checked import checked
from ..checks import InvalidArgument, check_choice, check_number
from ..inside.optimizer_values import has_live_momentum
from .base import StepSchedule
from .shapes import one_cycle, one_cycle_momentum

__all__ = ["OneCycle"]


class OneCycle(StepSchedule):
    """The learning rate rises once to ``peak`` and falls to nearly zero; the momentum moves the other way.

    Rate: ``peak / initial_divisor`` -> ``peak`` over the first ``start_fraction`` of the steps, then down to
    ``peak / initial_divisor / final_divisor``, directly or via the first rate. Momentum: ``high`` -> ``low`` ->
    ``high``.

    Args:
        peak: the highest learning rate. :func:`callbacks.find_learning_rate` suggests one.
        total_steps: length of the cycle in steps; None (default): the whole ``fit``.
        momentum: ``"auto"`` (default) cycles between 0.95 and 0.85 if the optimizer's momentum can change during
            training, and otherwise leaves it alone; ``(low, high)`` cycles between these values, and raises if the
            momentum cannot change; ``None`` never cycles.
        start_fraction: share of the steps spent rising, in (0, 1); with three phases in (0, 0.5]. Default 0.3.
        initial_divisor: peak over first rate. Default 25.
        final_divisor: first rate over last rate. Default 1e4.
        shape: "cosine" (default) or "linear".
        phases: 2 (default) falls straight from the peak to the last rate. 3 falls to the first rate as fast as it rose,
            then to the last rate over the remaining steps, at the highest momentum, as in the paper; a
            ``start_fraction`` of 0.45 then leaves a tenth of the steps for the last phase.
        **options: ``unit``, ``per`` and ``warm_up``, as in :class:`callbacks.StepSchedule`.

    Raises:
        InvalidArgument: for a value outside its range.
        ValueError: at the start of training, as for :class:`callbacks.StepSchedule`.

    Source: Smith 2018, arXiv:1803.09820; the same values as PyTorch's ``OneCycleLR``, whose ``three_phase=True`` is
    ``phases=3`` here. fastai's ``fit_one_cycle`` rises for 25 % of the steps and falls to peak / 1e5.

    Example:
        >>> model.compile(recipes.optimizers.Momentum(), "mse")             # doctest: +SKIP
        >>> model.fit(x, y, epochs=5, callbacks=[callbacks.OneCycle(0.1)])  # doctest: +SKIP
    """

    gains_late = True
    part_of_peak = 1.0

    @checked
    def __init__(
        self,
        peak: float,
        total_steps: int | None = None,
        *,
        momentum: tuple[float, float] | str | None = "auto",
        start_fraction: float = 0.3,
        initial_divisor: float = 25.0,
        final_divisor: float = 1e4,
        shape: str = "cosine",
        phases: int = 2,
        **options: Any,
    ):
        super().__init__(total_steps, **options)
        self.peak = check_number("peak", peak, above=0)
        self.phases = check_choice("phases", phases, (2, 3))
        limit: dict[str, Any] = {"below": 1.0} if self.phases == 2 else {"high": 0.5}
        self.start_fraction = check_number("start_fraction", start_fraction, above=0, **limit)
        self.initial_divisor = check_number("initial_divisor", initial_divisor, low=1)
        self.final_divisor = check_number("final_divisor", final_divisor, low=1)
        self.shape = check_choice("shape", shape, ("cosine", "linear"))
        self.momentum = momentum
        if momentum is not None and not (isinstance(momentum, str) and momentum == "auto"):
            accepted = "'auto', None or a pair (low, high) with 0 <= low <= high < 1"
            if not isinstance(momentum, (tuple, list)) or len(momentum) != 2:
                raise InvalidArgument("momentum", momentum, accepted)
            low, high = (check_number("momentum", value, low=0, below=1) for value in momentum)
            if low > high:
                raise InvalidArgument("momentum", momentum, accepted)

    @property
    def needs_momentum(self) -> bool:
        """Whether a pair of momenta was given."""
        return self.momentum is not None and self.momentum != "auto"

    def rates(self, total_steps: int) -> np.ndarray:
        """The learning rate at every step, shape (total_steps,)."""
        return one_cycle(
            np.arange(total_steps),
            total_steps=total_steps,
            peak=self.peak,
            start_fraction=self.start_fraction,
            initial_divisor=self.initial_divisor,
            final_divisor=self.final_divisor,
            shape=self.shape,
            phases=self.phases,
        )

    def momenta(self, total_steps: int) -> np.ndarray | None:
        """The momentum at every step, shape (total_steps,), or None if it is not cycled."""
        if self.momentum is None:
            return None
        bounds: Any = self.momentum
        if bounds == "auto":
            if self.model is not None and not has_live_momentum(self.find_optimizer()):
                return None
            bounds = (0.85, 0.95)
        return one_cycle_momentum(
            np.arange(total_steps),
            total_steps=total_steps,
            low=float(bounds[0]),
            high=float(bounds[1]),
            start_fraction=self.start_fraction,
            shape=self.shape,
            phases=self.phases,
        )
