"""next_steps: how many more repeats or test examples would decide what is open, and the command that goes on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...report.results import Results, as_float
from ..protocol import FUTILE, MOST_REPEATS

if TYPE_CHECKING:
    from ..resuming import Resumption

__all__ = ["next_steps"]


def next_steps(results: Results, resumption: Resumption) -> list[str]:
    """One to three sentences on the open arms; none if nothing is open.

    Each arm has what would decide it with a chance of 80 %, if its difference is as large as it looks. The repeats that
    are suggested decide at least half of the arms that repeats alone decide.
    """
    rows = [row for row in results.rows() if row["verdict"] == "open"]
    if not rows:
        return []
    if rows[0]["repeats"] < 2:
        return [f"A single repeat shows no noise, so nothing can be told: {resumption.with_repeats(3)}."]
    more = [row for row in rows if math.isfinite(as_float(row["repeats_needed"]))]
    rest = [row for row in rows if row not in more]
    sentences = []
    if results.settings.get("repeats") == "auto":
        going = [row for row in rows if not as_float(row["chance"]) < FUTILE and row["repeats"] < MOST_REPEATS]
        rest = [row for row in rows if row not in going]
        if going:
            sentences.append(f"{_start(_of(len(going), len(rows)))} open can go on: {resumption.with_time()}.")
    elif more:
        repeats = _middle(more, "repeats_needed")
        decided = sum(row["repeats_needed"] <= repeats for row in more)
        how = resumption.with_repeats(int(repeats))
        sentences.append(f"{repeats:.0f} repeats would probably decide {_of(decided, len(rows))} open: {how}.")
    by_examples = [row for row in rest if math.isfinite(as_float(row["examples_needed"]))]
    by_both = [row for row in rest if row not in by_examples and math.isfinite(as_float(row["both_needed"]))]
    examples, what = results.test_examples, "test examples"
    if results.settings.get("overlap") is not None:
        examples, what = sum(results.settings["data"]["counts"].values()), "examples"
    if by_examples:
        count = _rounded(_middle(by_examples, "examples_needed") * examples)
        which = _of(len(by_examples), len(rows))
        sentences.append(f"About {count:,} {what} (now {examples:,}) would decide {which} open.")
    if by_both:
        times = _middle(by_both, "both_needed")
        which = _start(_of(len(by_both), len(rows)))
        count = _rounded(times * examples)
        repeats = math.ceil(times * by_both[0]["repeats"])
        sentences.append(
            f"{which} open {'takes' if len(by_both) == 1 else 'take'} more of both: about "
            f"{count:,} {what} (now {examples:,}) with {repeats:,} repeats, or a wider margin."
        )
    return sentences


def _middle(rows: list[dict[str, Any]], column: str) -> float:
    """The least value that is enough for at least half of the rows."""
    values = sorted(float(row[column]) for row in rows)
    return values[(len(values) - 1) // 2]


def _rounded(number: float) -> int:
    """A count with two significant digits, rounded up."""
    step = 10 ** max(0, math.floor(math.log10(max(number, 1.0))) - 1)
    return math.ceil(number / step) * step


def _start(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def _of(part: int, whole: int) -> str:
    if part == whole:
        return "what is" if whole == 1 else f"all {whole} that are"
    return f"{part} of the {whole} that are"
