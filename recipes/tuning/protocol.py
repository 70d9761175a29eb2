"""Protocol: the trainings of a search and how they are judged."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...callbacks.checks import InvalidArgument, check_bool, check_choice, check_integer, check_number
from ..judging.dunnett import LEVEL
from ..judging.sequential import looks_until
from ..metric import Metric
from ..metrics import find_metric, listed_metrics, metric_for
from ..trainer import LARGEST_SEED
from .designs import DESIGNS
from .metric_settings import metrics_in
from .option import option
from .pruning import LEAST_UPDATES, PRUNING, check_pruning
from .ranges import ranges_text
from .repeats import TUNINGS, tunings_until

if TYPE_CHECKING:
    from ..data import Spec

__all__ = ["AUTO", "FUTILE", "JUDGING", "MOST_REPEATS", "Protocol"]

AUTO = "auto"
FIRST_LOOK, MOST_REPEATS = 3, 27
"""The repeats of each arm before the first look at the results, and the most, where their number is "auto"."""
FUTILE = 0.2
"""An arm gets no more repeats if the most would decide it with a smaller chance, as large as it looks."""

LARGEST_PACK = 256
"""The most trainings of a pack."""

MOST_TRAININGS = 100_000
"""The most trainings of a search."""

JUDGING = ("confidence", "margin")
"""The fields by which a finished search can be judged anew: no training depends on them."""


@dataclass(frozen=True)
class Protocol:
    """How arms are compared: the arguments of :func:`recipes.search` with the same names, checked.

    Raises:
        InvalidArgument: for an argument outside its range.

    Example:
        >>> Protocol(trials=2, repeats=2).trainings(arms=4)
        24
        >>> Protocol(epochs=0)
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: epochs must be an integer >= 1. Received: epochs=0
    """

    design: str = option("crossed", '"crossed": all combinations; or "one_at_a_time".')
    epochs: int = option(10, "Passes over the training data.")
    trials: int = option(4, "Settings of learning rate and strengths to try for each arm.")
    repeats: int | str = option(
        3, "Repeats of each arm's best setting, with fresh seeds. auto: more for the arms that are open, up to 27."
    )
    seed: int = option(0, "The same seed gives the same numbers.")
    prune: str = option("none", 'Stop the worse trials of an arm after short trainings ("asha") or early ("median").')
    widen: bool = option(False, "Try more rates beyond a range if the best one lies at its end.")
    confidence: float | None = option(None, "Confidence of the intervals. Default: 0.95.", setting=False)
    margin: float | None = option(
        None,
        "A difference that does not matter, in points of accuracy or in the unit of another score. Default: 0.5 points;"
        " 0.005 of other scores of which more is better; 1 % of an error.",
        setting=False,
    )
    metric: str | tuple[Metric, ...] | None = option(
        None,
        "What decides: see `recipes list metrics`; several by commas are recorded, and the first decides. Default:"
        " accuracy, or root_mean_squared_error.",
    )
    tunings: str = option(
        "some", 'How often each arm is tuned: "some" (for two repeats, then every third), "once" or "each" (repeat).'
    )
    resplit: bool | None = option(
        None, "Whether each repeat has its own split of the data. Default: below 10,000 training examples."
    )
    minutes: float | None = option(
        None, "With --repeats auto: no further repeats that would end later than this.", setting=False
    )
    budget: int | None = option(None, "The most trainings to run.", setting=False)
    retry_failed: bool = option(False, "Run again the trainings that failed in an earlier run.", setting=False)
    keep_weights: bool = option(
        False, "Keep the weights of the final trainings, for `recipes ensemble`.", setting=False
    )
    pack: int | None = option(
        None,
        "Trainings of an arm that are computed at once, as far as they can be; 1: one by one. Default: what a short"
        " measurement finds faster.",
    )
    ranges: str | None = option(
        None,
        "What to tune, and where: adam.learning_rate=1e-4:1e-2 (a range), l2.strength=1e-5/1e-4 (a grid), adam.beta_1="
        "0.95 (fixed), one_cycle.start_fraction (the listed range); separate several by commas.",
    )

    def __post_init__(self) -> None:
        check_choice("design", self.design, DESIGNS)
        self._set("epochs", check_integer("epochs", self.epochs, low=1))
        self._set("trials", check_integer("trials", self.trials, low=1))
        if not (isinstance(self.repeats, str) and self.repeats == AUTO):
            digits = isinstance(self.repeats, str) and self.repeats.isdigit()
            repeats = int(self.repeats) if digits else self.repeats
            if isinstance(repeats, str):
                raise InvalidArgument("repeats", repeats, f'an integer >= 1, or "{AUTO}"')
            self._set("repeats", check_integer("repeats", repeats, low=1))
        if self.minutes is not None:
            self._set("minutes", check_number("minutes", self.minutes, above=0))
            if not self.sequential:
                accepted = (
                    f'left out, or given with repeats="{AUTO}": a fixed number of repeats takes as long as it takes'
                )
                raise InvalidArgument("minutes", self.minutes, accepted)
        self._set("seed", check_integer("seed", self.seed, low=0, high=LARGEST_SEED - self.most_repeats))
        check_choice("tunings", self.tunings, TUNINGS)
        if self.resplit is not None:
            self._set("resplit", check_bool("resplit", self.resplit))
        if self.pack is not None:
            self._set("pack", check_integer("pack", self.pack, low=1, high=LARGEST_PACK))
            if self.pack > 1 and self.prune != "none":
                raise InvalidArgument("pack", self.pack, "1 with pruning, which compares trials one after another")
        if self.metric is not None:
            self._set("metric", listed_metrics(self.metric))
        check_choice("prune", self.prune, PRUNING)
        self._set("ranges", ranges_text(self.ranges))
        self._set("widen", check_bool("widen", self.widen))
        if self.prune != "none":
            check_pruning(self.prune, self.epochs, self.trials + (self.more_trials if self.widen else 0))
        self._set("retry_failed", check_bool("retry_failed", self.retry_failed))
        self._set("keep_weights", check_bool("keep_weights", self.keep_weights))
        if self.confidence is not None:
            self._set("confidence", check_number("confidence", self.confidence, above=0, below=1))
            if self.most_repeats < 2:
                accepted = ">= 2 where a confidence is asked for: one repeat has no spread"
                raise InvalidArgument("repeats", self.repeats, accepted)
        if self.margin is not None:
            self._set("margin", check_number("margin", self.margin, low=0, double=True))
        if self.budget is not None:
            self._set("budget", check_integer("budget", self.budget, low=1))

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    @property
    def sequential(self) -> bool:
        """Whether arms get repeats until they are decided."""
        return self.repeats == AUTO

    @property
    def looks(self) -> list[int]:
        """The numbers of repeats after which arms are judged."""
        return looks_until(FIRST_LOOK, MOST_REPEATS) if self.sequential else [int(self.repeats)]

    @property
    def most_repeats(self) -> int:
        """The most repeats that an arm can get."""
        return self.looks[-1]

    @property
    def level(self) -> float:
        """The confidence of the intervals, 0.95 by default."""
        return 1.0 - LEVEL if self.confidence is None else self.confidence

    @property
    def _metrics(self) -> tuple[Metric, ...]:
        return () if self.metric is None else listed_metrics(self.metric)

    def metrics_for(self, spec: Spec) -> list[Metric]:
        """The metrics that a search on these data records, first the one that decides.

        Raises:
            InvalidArgument: as :meth:`metric_for`.
        """
        return [self.metric_for(spec), *(find_metric(metric, spec.task) for metric in self._metrics[1:])]

    def metric_for(self, spec: Spec) -> Metric:
        """The metric that decides in the search on these data.

        Raises:
            InvalidArgument: for a metric of other tasks, or a margin that is no difference of such scores.
        """
        metric = metric_for(spec) if self.metric is None else find_metric(self._metrics[0], spec.task)
        if self.margin is not None and metric.higher_is_better and self.margin >= metric.scale:
            unit = " percentage points" if metric.percentage else ""
            raise InvalidArgument("margin", self.margin, f"below {metric.scale:g}{unit} for {metric.words}")
        return metric

    @property
    def places(self) -> int:
        """The trainings of a pack; 1 for trainings one by one, and until it is decided."""
        return self.pack or 1

    @property
    def one_by_one(self) -> bool:
        """Whether the tuning trials of an arm run one after another, as pruning needs."""
        return self.prune != "none"

    @property
    def more_trials(self) -> int:
        """The additional trials of an arm whose range is widened."""
        return max(1, self.trials // 2)

    def trainings(self, arms: int) -> int:
        """The most trainings that this number of arms can take until the first look at the results."""
        tunings = len(tunings_until(self.looks[0], self.tunings))
        return arms * (tunings * (self.trials + (self.more_trials if self.widen else 0)) + self.looks[0])

    def check_size(self, arms: int) -> None:
        """Raises ``InvalidArgument`` for trainings that no search comes to the end of."""
        needed = self.trainings(arms)
        if needed > MOST_TRAININGS:
            accepted = f"so few that at most {MOST_TRAININGS:,} trainings are needed, not {needed:,} ({arms:,} arms)"
            name = "trials" if self.trials > self.looks[0] else "repeats"
            raise InvalidArgument(name, getattr(self, name), accepted)

    def check_budget(self, arms: int) -> None:
        """Raises ``InvalidArgument`` if this number of arms can take more trainings than the budget allows."""
        self.check_size(arms)
        needed = self.trainings(arms)
        if self.budget is not None and needed > self.budget:
            more = ", and as many as half again where a range is widened" if self.widen else ""
            tunings = len(tunings_until(self.looks[0], self.tunings))
            times = f"{tunings} times " * (tunings > 1)
            accepted = (
                f">= {needed}: {arms} arms, each with {times}{self.trials} trials and {self.looks[0]} repeats{more}"
            )
            raise InvalidArgument("budget", self.budget, accepted)

    def to_settings(self) -> dict[str, Any]:
        """The fields that distinguish searches and those that judge them, by name, as JSON values."""
        judging = {"confidence": self.level, "margin": self.margin}
        pruning = {} if self.prune == "none" else {"least_updates": LEAST_UPDATES}
        names = [
            name for name in setting_names() if name != "metric" and not (name == "pack" and self.pack in (None, 1))
        ]
        return {name: getattr(self, name) for name in names} | pruning | judging

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Protocol:
        """The protocol of a search from its ``settings.json``.

        Args:
            settings: those written by :meth:`to_settings`; further ones are ignored.

        Raises:
            InvalidArgument: for a setting outside its range.
        """
        values: dict[str, Any] = {name: settings.get(name) for name in setting_names()}
        values |= {name: settings.get(name) for name in JUDGING}
        values["metric"] = metrics_in(settings)
        values["tunings"] = values["tunings"] or "once"  # as in searches of earlier versions
        values["pack"] = values["pack"] or 1
        if values["repeats"] == 1:
            values["confidence"] = None  # one repeat has no intervals
        return cls(**values)


def setting_names() -> list[str]:
    """The fields on which trainings depend."""
    return [field.name for field in dataclasses.fields(Protocol) if field.metadata["setting"]]
