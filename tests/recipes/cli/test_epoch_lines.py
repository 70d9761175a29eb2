"""The lines of a training: few, with the first, the last and the best epoch."""

import re

import numpy as np
import pytest

from recipes.cli.epoch_lines import EpochLines


@pytest.fixture
def printed(capsys):
    """``printed(epochs, best, of)``: the numbers of the epochs that are printed, and all that is."""

    def run(epochs, best, of=None):
        lines = EpochLines()
        lines.set_params({"epochs": of or epochs})
        for _ in range(2):  # started again at a lower rate
            lines.on_train_begin()
            capsys.readouterr()
            for epoch in range(epochs):
                lines.on_epoch_end(
                    epoch, {"accuracy": 0.5, "loss": 1 / (epoch + 1), "val_loss": 2.0, "learning_rate": 0.01}
                )
        lines.finish(best)
        output = capsys.readouterr().out
        return [int(number) for number in re.findall(r"Epoch (\d+)/", output)], output

    return run


@pytest.mark.parametrize(
    ("epochs", "best", "of"), [(300, 211, None), (300, 300, None), (77, 2, 300), (1, 1, None), (12, 0, None)]
)
def test_first_last_and_best_are_among_few_lines(printed, epochs, best, of):
    numbers, output = printed(epochs, best, of)
    assert {1, epochs, *([best] if best else [])} <= set(numbers)
    assert len(numbers) == len(set(numbers)) <= 20
    assert len(numbers) >= min(epochs, 5)
    assert output.count("\n") == len(numbers)


def test_a_line_has_all_values_losses_first(printed):
    _, output = printed(1, 1)
    assert output == "Epoch 1/1 - loss: 1 - accuracy: 0.5 - learning_rate: 0.01 - val_loss: 2\n"


def test_a_metric_of_several_values(capsys):
    lines = EpochLines()
    lines.set_params({"epochs": 1})
    lines.on_train_begin()
    lines.on_epoch_end(0, {"loss": 0.5, "f1": np.array([0.25, 1.0])})
    assert capsys.readouterr().out == "Epoch 1/1 - loss: 0.5 - f1[0]: 0.25 - f1[1]: 1\n"
