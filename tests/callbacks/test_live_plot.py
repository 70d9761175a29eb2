"""LivePlot: what is drawn, when, and where."""

import sys
import types

import keras
import numpy as np
import pytest

from callbacks import InvalidArgument, LivePlot


def train(plot, epochs=3, metric=1.0):
    """Calls the hooks as ``fit`` does, with a metric of two values."""
    plot.set_model(keras.Sequential())
    plot.on_train_begin()
    for epoch in range(epochs):
        logs = {"f1": np.array([0.5, metric]), "loss": 2.0 - epoch, "val_loss": 3.0 - epoch, "learning_rate": 0.1}
        plot.on_epoch_end(epoch, {**logs, "gradient_norm/dense": 1.0})
    plot.on_train_end()
    return plot


def test_each_quantity_has_a_panel_the_loss_first(tmp_path):
    plot = train(LivePlot(tmp_path / "curves.svg"))
    panels = plot.plot().axes
    assert [panel.get_ylabel() for panel in panels] == ["loss", "f1[0]", "f1[1]", "learning rate"]
    assert [list(line.get_ydata()) for line in panels[0].lines] == [[2.0, 1.0, 0.0], [3.0, 2.0, 1.0]]
    assert [list(line.get_xdata()) for line in panels[0].lines] == [[1, 2, 3]] * 2
    assert [panel.get_yscale() for panel in panels] == ["linear"] * 3 + ["log"]
    assert (tmp_path / "curves.svg").read_text().startswith("<?xml")
    chosen = train(LivePlot(tmp_path / "curves.svg", names=["gradient_norm/dense"]))
    assert [panel.get_ylabel() for panel in chosen.plot().axes] == ["gradient norm/dense"]


def test_it_is_drawn_every_so_many_epochs_and_at_the_end(tmp_path, monkeypatch):
    drawn, plot = [], LivePlot.plot
    monkeypatch.setattr(LivePlot, "plot", lambda self: (drawn.append(len(self.history["loss"])), plot(self))[1])
    train(LivePlot(tmp_path / "curves.svg", every=2, names=["loss"]), epochs=5)
    train(LivePlot(tmp_path / "curves.svg", every=2, names=["loss"]), epochs=4)
    assert drawn == [2, 4, 5, 2, 4]


def test_a_notebook_shows_one_figure_and_replaces_it(monkeypatch):
    shown = []

    class Handle:
        def update(self, figure):
            shown.append(("update", type(figure).__name__))

    def display(figure, display_id):
        shown.append(("display", type(figure).__name__))
        return Handle() if display_id else None

    shell = types.SimpleNamespace(kernel=object())
    notebook = types.SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    monkeypatch.setitem(sys.modules, "IPython.display", types.SimpleNamespace(display=display))
    train(LivePlot(), epochs=3)
    assert shown == [("display", "Figure"), ("update", "Figure"), ("update", "Figure")]


def test_without_a_notebook_or_a_file_it_is_refused():
    with pytest.raises(InvalidArgument, match=r"file must be the path of a picture outside of a notebook"):
        train(LivePlot())
    with pytest.raises(InvalidArgument, match=r"file must be None, or the path of a picture such as curves\.png"):
        LivePlot("curves")
    with pytest.raises(InvalidArgument, match=r"file must be None, or the path of a picture such as curves\.png"):
        LivePlot("curves.csv")
    with pytest.raises(InvalidArgument, match=r"file must be in a directory that exists and can be written"):
        train(LivePlot("none/such/curves.png"))
    with pytest.raises(InvalidArgument, match="names must be a sequence of strings or None"):
        LivePlot("curves.png", names="loss")
    with pytest.raises(ValueError, match="there is nothing to plot yet"):
        LivePlot("curves.png").plot()
