"""LivePlot: the curves of a training, redrawn while it runs: in a notebook, or in a picture on disk."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from .callback import Callback
from .checked import checked
from .checks import InvalidArgument, check_integer
from .inside.logs import numbers

__all__ = ["LivePlot"]


class LivePlot(Callback):
    """Draws what the logs hold after each epoch, in one figure that is redrawn in place.

    Each quantity has a panel, with its ``val_`` values beside it: the loss first, then the metrics, and what callbacks
    earlier in the list add, such as ``learning_rate`` and ``momentum`` (rates and gradient norms on a logarithmic
    axis). A notebook shows the figure below the cell; elsewhere, give ``file``.

    Args:
        file: a picture to write after each drawing, its format by its ending: .png, .svg, .pdf. Default None.
        every: epochs between drawings, >= 1. Default 1. The last epoch is always drawn.
        names: the quantities to draw, without ``val_``. Default None: all but those of single layers.

    Attributes:
        history: name -> values, one per epoch of the last ``fit``; "f1[0]", "f1[1]", ... where a metric has several
            values.

    Raises:
        InvalidArgument: for a value outside its range; at the start of training, outside of a notebook without
            ``file``, and for one in a directory that does not exist.

    Example:
        >>> model.fit(x, y, epochs=20, callbacks=[callbacks.OneCycle(0.1), callbacks.LivePlot()])   # doctest: +SKIP
    """

    records_logs = True

    @checked
    def __init__(
        self, file: str | os.PathLike[str] | None = None, *, every: int = 1, names: Iterable[str] | None = None
    ):
        super().__init__()
        if file is not None and not _is_picture(file):
            raise InvalidArgument("file", file, "None, or the path of a picture such as curves.png")
        self.file = None if file is None else os.fspath(file)
        self.every = check_integer("every", every, low=1)
        self.names = None if names is None else tuple(names)
        self.history: dict[str, list[float]] = {}
        self._epochs: list[int] = []
        self._drawn = False
        self._shown: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        if self.file is None and not _in_notebook():
            raise InvalidArgument("file", None, "the path of a picture outside of a notebook")
        if self.file is not None and not os.access(Path(self.file).absolute().parent, os.W_OK | os.X_OK):
            raise InvalidArgument("file", self.file, "in a directory that exists and can be written")
        self.history, self._epochs, self._drawn, self._shown = {}, [], True, None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        for name, value in numbers(logs).items():
            column = self.history.setdefault(name, [])
            column += [np.nan] * (len(self._epochs) - len(column)) + [value]
        self._epochs.append(epoch + 1)
        self._drawn = False
        if (epoch + 1) % self.every == 0:
            self._draw()

    def on_train_end(self, logs: Any = None) -> None:
        if not self._drawn:
            self._draw()

    def _draw(self) -> None:
        self._drawn = True
        figure = self.plot()
        if self.file is not None:
            temporary = Path(self.file).with_name(f".{os.getpid()}-{Path(self.file).name}")
            try:
                figure.savefig(temporary)
                os.replace(temporary, self.file)  # a viewer never sees half a picture
            finally:
                temporary.unlink(missing_ok=True)
        if _in_notebook():
            from IPython.display import display

            if self._shown is None:
                self._shown = display(figure, display_id=True)
            else:
                self._shown.update(figure)

    def plot(self) -> Any:
        """A figure of the last ``fit`` so far.

        Returns:
            A matplotlib ``Figure``.

        Raises:
            ValueError: before the end of the first epoch.
        """
        from matplotlib.figure import Figure

        names = [name for name in self.history if not name.startswith("val_")]
        names = [name for name in names if "/" not in name] if self.names is None else list(self.names)
        if not self._epochs or not names:
            raise ValueError(f"there is nothing to plot yet. Received: names={names}, epochs={len(self._epochs)}")
        names.sort(key=lambda name: not name.endswith("loss"))
        figure = Figure(figsize=(7, 2.2 * len(names)), layout="constrained")
        panels = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
        for panel, name in zip(panels, names, strict=True):
            for column, label in ((name, "training"), (f"val_{name}", "validation")):
                values = self.history.get(column, [])
                panel.plot(self._epochs[: len(values)], values, marker="." if len(values) < 30 else "", label=label)
            if f"val_{name}" in self.history:
                panel.legend()
            panel.set_ylabel(name.replace("_", " "))
            positive = np.array(self.history.get(name, [0.0])) > 0
            if name.startswith(("learning_rate", "gradient_norm")) and positive.all():
                panel.set_yscale("log")
        panels[-1].set_xlabel("epoch")
        return figure


def _is_picture(file: str | os.PathLike[str]) -> bool:
    """Whether matplotlib writes files of this ending."""
    from matplotlib.backend_bases import FigureCanvasBase

    return Path(file).suffix.lstrip(".").lower() in FigureCanvasBase.get_supported_filetypes()


def _in_notebook() -> bool:
    """Whether this process runs cells of a notebook, whose kernel shows figures."""
    shell = sys.modules.get("IPython")
    return shell is not None and getattr(shell.get_ipython(), "kernel", None) is not None
