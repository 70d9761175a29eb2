"""watch: the progress of a search that another process runs, read from its directory."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...metric import Metric
from ...report import formatting
from ..counted import count
from ..ledger import read_records, running_file
from ..plan import Plan, Training
from ..record import Record
from ..resuming import resumption_of
from ..settings import plan_in, settings_in
from .epoch_writer import read_epochs

if TYPE_CHECKING:
    from rich.console import Group

__all__ = ["Standing", "standing", "watch"]


@dataclass(frozen=True)
class Standing:
    """The progress of a search.

    Attributes:
        plan: the plan of the search.
        finished, total: numbers of trainings; the total grows if a range is widened.
        complete: the number of arms whose trainings have all ended.
        seconds_left: estimated from the latest trainings; NaN before the first has ended.
        arms: one row per arm, best first: "arm", "tuned" and "confirmed" (numbers of trainings), "best" (validation
            score of its tuning trials) and "mean" (validation score of its confirming trainings), NaN if there is none.
        running: one row per running training: "training" (its key), "epoch" and "score" of its last epoch.
        alive: whether a process is running the search now.
        again: how to go on with it, in a sentence; "" when all has ended.
    """

    plan: Plan
    finished: int
    total: int
    complete: int
    seconds_left: float
    arms: list[dict[str, Any]]
    running: list[dict[str, Any]]
    alive: bool
    again: str


def standing(directory: str | os.PathLike[str]) -> Standing:
    """Reads the progress of the search in ``directory``.

    Raises:
        InvalidArgument: if there is no search.
    """
    plan = plan_in(settings_in(directory))
    records = read_records(directory)[0]
    counted = count(plan, records)
    pending = [training for training in plan.all(records) if training.key not in records]
    running = [row for training in pending if (row := _running(directory, training, plan.metric)) is not None]
    latest = [record.seconds for record in list(records.values())[-50:]]
    left = len(pending) * float(np.mean(latest)) / max(1, len(running)) if latest else math.nan
    sign = plan.metric.sign
    arms = [_arm(plan, arm, records, sign) for arm in plan.arms]
    arms.sort(key=lambda row: (-sign * row["mean"], 0.0) if math.isfinite(row["mean"]) else (math.inf, -row["tuned"]))
    resumption = resumption_of(directory)
    alive = resumption.running is not None
    again = resumption.again() if counted.finished < counted.planned else ""
    return Standing(
        plan, counted.finished, counted.planned, counted.complete, left, arms, running if alive else [], alive, again
    )


def watch(directory: str | os.PathLike[str], *, every: float = 1.0, console: Any = None) -> None:
    """Shows the progress of a search until it is done or killed; once if there is no terminal.

    Args:
        directory: the directory that the search writes to.
        every: seconds between updates, > 0. Default 1.
        console: a :class:`recipes.terminal.Terminal`. Default: standard output.

    Raises:
        InvalidArgument: if there is no search.
    """
    from rich.live import Live

    from ...terminal import Terminal

    console = console or Terminal()
    now = standing(directory)
    if not console.is_terminal:
        console.print(shown(now, len(now.arms)))
        _say_how_to_go_on(now, console)
        return
    with Live(shown(now, console.height - 10), console=console, auto_refresh=False) as live:
        while now.alive and now.finished < now.total:
            time.sleep(every)
            now = standing(directory)
            live.update(shown(now, console.height - 10 - len(now.running)), refresh=True)
    _say_how_to_go_on(now, console)


def _say_how_to_go_on(now: Standing, console: Any) -> None:
    if now.again and not now.alive:
        console.print(now.again, soft_wrap=True)


def shown(now: Standing, rows: int) -> Group:
    """A bar, the arms so far (at most ``rows`` of them) and the running trainings, for rich."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    metric, epochs = now.plan.metric, now.plan.protocol.epochs
    left = f", about {formatting.duration(now.seconds_left)} left" if math.isfinite(now.seconds_left) else ""
    state = ", done" if now.finished == now.total else left if now.alive else ", not running"
    head = f"{now.finished} of {now.total} trainings{state}"
    arms = Table(box=None, pad_edge=False, header_style="bold")
    arms.add_column("arm", no_wrap=True)
    for heading in ("tuned", f"best {metric.label}", "confirmed", f"mean {metric.label}"):
        arms.add_column(heading, justify="right")
    for row in now.arms[: max(1, rows)]:
        cells = (str(row["tuned"]), _score(row["best"], metric), str(row["confirmed"]), _score(row["mean"], metric))
        arms.add_row(Text(row["arm"]), *cells)
    lines = [
        Text(f"  {row['training']}: epoch {row['epoch']} of {epochs}, {_score(row['score'], metric)}")
        for row in now.running
    ]
    bar = Table.grid(padding=(0, 2))
    bar.add_row(ProgressBar(total=now.total, completed=now.finished, width=30), Text(head, style="bold"))
    return Group(bar, arms, *([Text("running:", style="bold"), *lines] if lines else []))


def _score(value: float, metric: Metric) -> str:
    return formatting.score(value, metric) if math.isfinite(value) else ""


def _arm(plan: Plan, arm: Any, records: Mapping[str, Record], sign: float) -> dict[str, Any]:
    ended = [records[training.key] for training in plan.ended(arm, records)]
    tuned = [record.validation_score for record in ended if record.stage == "tune"]
    confirmed = [record.validation_score for record in ended if record.stage == "confirm"]
    finite = [sign * score for score in tuned if math.isfinite(score)]
    return {
        "arm": arm.name,
        "tuned": len(tuned),
        "confirmed": len(confirmed),
        "best": sign * max(finite) if finite else math.nan,
        "mean": float(np.mean(confirmed)) if confirmed else math.nan,
    }


def _running(directory: str | os.PathLike[str], training: Training, metric: Metric) -> dict[str, Any] | None:
    rows = read_epochs(running_file(directory, training.key))
    if not rows:
        return None
    score = rows[-1].get(f"val_{metric.name}", math.nan)
    return {"training": training.key, "epoch": int(rows[-1]["epoch"]) + 1, "score": score}
