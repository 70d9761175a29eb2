"""Progress: the output of a running search: a bar, the time left and the best arm so far."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..arms import Arm
    from ..ledger import Ledger
    from ..plan import Plan, Training
    from ..record import Record

__all__ = ["Progress"]


class Progress:
    """A progress bar on a terminal; elsewhere (in a log file) one line per finished arm.

    Args:
        plan: the trainings of the search.
        ledger: the finished trainings, which count from the start.
        enabled: False shows nothing.
    """

    def __init__(self, plan: Plan, ledger: Ledger, enabled: bool):
        self._plan, self._ledger, self._enabled = plan, ledger, enabled
        self._scores: dict[str, list[float]] = {}
        self._bar: Any = None

    def __enter__(self) -> Progress:
        if not self._enabled:
            return self
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        from ...terminal import Terminal

        self._console = Terminal(stderr=True)
        total = len(self._plan.all(self._ledger))
        ended = sum(len(self._plan.ended(arm, self._ledger)) for arm in self._plan.arms)
        if ended:
            self._console.print(f"Resuming: {ended} of {total} trainings are finished already.")
        columns = (
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(elapsed_when_finished=False),
            TextColumn("{task.description}", markup=False),
        )
        if self._console.is_terminal:
            self._bar = Bar(*columns, console=self._console, transient=True)
            self._task = self._bar.add_task("", total=total)
            self._bar.start()
        return self

    def say(self, line: str) -> None:
        """Prints a line above the bar."""
        self._console.print(line, soft_wrap=True)

    def replan(self, plan: Plan) -> None:
        """Goes on with another plan, that of the next repeats."""
        self._plan = plan
        self._scores = {}
        if self._bar is not None:
            self._bar.reset(self._task, total=len(plan.all(self._ledger)))

    def __exit__(self, *error: Any) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, training: Training, record: Record) -> None:
        """Shows a finished training."""
        if not self._enabled:
            return
        name = training.arm.name
        if record.status == "failed":
            self._console.print(f"{training.key} failed: {record.message}")
        if training.stage == "confirm":
            self._scores.setdefault(name, []).append(record.validation_score)
        if self._bar is not None:
            if self._plan.protocol.widen:
                self._bar.update(self._task, total=len(self._plan.all(self._ledger)))
            self._bar.update(self._task, advance=1, description=f"{name}{self._best()}")
        elif training.stage == "confirm" and self._is_done(training.arm):
            scores = self._scores[name]
            done = sum(map(self._is_done, self._plan.arms))
            self._console.print(
                f"[{done}/{len(self._plan.arms)}] {name}: validation {self._plan.metric.name} {_mean(scores):.4f}"
            )

    def _is_done(self, arm: Arm) -> bool:
        return len(self._scores.get(arm.name, ())) == self._plan.repeats_of(arm, self._ledger)

    def _best(self) -> str:
        sign = self._plan.metric.sign
        finished = {arm.name: _mean(self._scores[arm.name]) for arm in self._plan.arms if self._is_done(arm)}
        means = {name: mean for name, mean in finished.items() if math.isfinite(mean)}
        if not means:
            return ""
        best = max(means, key=lambda name: sign * means[name])
        return f"  (best so far: {best} {means[best]:.4f})"


def _mean(scores: list[float]) -> float:
    return sum(scores) / len(scores)
