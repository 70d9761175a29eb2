"""Benchmark: the outcome of a bench, in memory and in its directory."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument
from ..files import check_new_file, write_text
from ..report.bench_results import BenchResults
from ..report.bench_verdict import bench_verdict
from ..stored.json_files import read_json
from ..stored.links import check_no_links
from ..stored.schema import PLAIN_NAME, Mapped, Object
from .comparison import Comparison
from .counted import count
from .environment_file import FACTS as ENVIRONMENT_FACTS
from .ledger import read_records
from .search_files import TRAININGS
from .settings import plan_in, settings_in

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BENCH", "Benchmark", "read_bench"]

BENCH = "bench.json"
"""The file that says what a bench consists of."""

FACTS = Object(fields={"folders": Mapped(of=PLAIN_NAME, most=10_000)}, optional=ENVIRONMENT_FACTS.optional)


class Benchmark:
    """The outcome of :func:`recipes.bench`; :meth:`load` reads it back from its directory.

    Attributes:
        directory: where everything is written.
        comparisons: dataset -> its :class:`recipes.Comparison`; only those with a complete arm.
        results: the tables: ``.scores`` and, by factor, ``.groups`` with ``.table``, ``.pairs`` and ``.profile``.

    Example:
        >>> benchmark = Benchmark.load("benches/optimizers")                                  # doctest: +SKIP
        >>> benchmark.table("optimizer")
    """

    def __init__(self, directory: str | os.PathLike[str], comparisons: Mapping[str, Comparison], facts: dict[str, Any]):
        self.directory = Path(directory)
        self.comparisons = dict(comparisons)
        missing = dict(facts.get("missing", {}))
        settings = {name: value for name, value in facts.items() if name not in ("missing", "folders")}
        results = BenchResults({k: c.results for k, c in comparisons.items()}, settings, missing)
        self.results = dataclasses.replace(results, verdict=bench_verdict(results))

    @classmethod
    @checked
    def load(cls, directory: str | os.PathLike[str]) -> Benchmark:
        """The bench in a directory that :func:`recipes.bench` wrote, or is still writing.

        Raises:
            InvalidArgument: when there is none, or none of its datasets has a complete arm.
        """
        facts = read_bench(directory)
        comparisons, missing = {}, {}
        for label, folder in facts["folders"].items():
            place = Path(directory) / folder
            if not (place / TRAININGS).is_file():
                missing[label] = "not begun"
                continue
            counted = count(plan_in(settings_in(place)), read_records(place)[0])
            if counted.finished < counted.planned:
                missing[label] = counted.state
            else:
                comparisons[label] = Comparison.load(place)
        if not comparisons:
            accepted = "that of a bench of which a dataset is finished (the same bench again goes on)"
            raise InvalidArgument("directory", str(directory), accepted)
        return cls(directory, comparisons, {**facts, "missing": missing})

    @checked
    def table(self, factor: str = "arm") -> pd.DataFrame:
        """One row per arm, or per level of a factor, best average rank first.

        Args:
            factor: "arm" (default), or one of which several levels are compared, such as "optimizer".

        Raises:
            InvalidArgument: for another factor.
        """
        groups = self.results.groups
        if factor not in groups:
            raise InvalidArgument("factor", factor, f"one of {', '.join(map(repr, groups))}")
        return groups[factor].table.copy()

    @property
    def verdict(self) -> list[str]:
        """The outcome in sentences."""
        return list(self.results.verdict)

    @checked
    def report(self, path: str | os.PathLike[str] | None = None) -> str:
        """Writes the bench as one HTML page that needs no network.

        Args:
            path: a new file. Default: ``report.html`` in the bench's directory, which is overwritten.

        Returns:
            The path.
        """
        from ..report.bench_page import write_bench_page

        if path is None:
            check_no_links(self.directory)
        default = self.directory / "report.html"
        return str(write_bench_page(self.results, default if path is None else check_new_file(path, name="path")))

    def write(self) -> None:
        """Writes the tables (CSV), the verdict and the page into the directory."""
        import pandas as pd

        check_no_links(self.directory)
        groups = self.results.groups.values()
        tables = {"scores": self.results.scores}
        if groups:
            profiles = [
                group.profile.reset_index().melt("ratio", var_name="level", value_name="share") for group in groups
            ]
            for table, group in zip(profiles, groups, strict=True):
                table.insert(0, "factor", group.name)
            tables |= {
                "ranks": pd.concat([group.table for group in groups]),
                "pairs": pd.concat([group.pairs for group in groups]),
                "profiles": pd.concat(profiles),
            }
        for name, table in tables.items():
            write_text(self.directory / f"{name}.csv", table.to_csv(index=False))
        write_text(self.directory / "verdict.txt", "\n".join(self.verdict) + "\n")
        self.report()


def read_bench(directory: str | os.PathLike[str]) -> dict[str, Any]:
    """The facts of a bench: "folders", dataset -> folder, and its "command".

    Raises:
        InvalidArgument: if there is none, or the file is damaged.
    """
    try:
        return read_json(Path(directory) / BENCH, FACTS, accepted="that of an undamaged bench")
    except (FileNotFoundError, NotADirectoryError):
        raise InvalidArgument("directory", str(directory), "a directory that `recipes bench` has written") from None
