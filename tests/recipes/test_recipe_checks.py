import pytest

from callbacks.checks import InvalidArgument
from recipes import Recipe
from recipes.optimizers import LineSearch
from recipes.regularization import WeightNoise


@pytest.mark.parametrize("optimizer", ["line_search", "exact_line_search", "newton", "hessian_free"])
@pytest.mark.parametrize("regularizer", ["weight_noise", "l2+weight_noise", WeightNoise(0.2)])
def test_weight_noise_is_refused_where_the_loss_is_evaluated_again(optimizer, regularizer):
    with pytest.raises(InvalidArgument, match=rf"regularizer must be one that '{optimizer}', which evaluates .* again"):
        Recipe(optimizer=optimizer, regularizer=regularizer)


def test_weight_noise_is_refused_with_such_an_optimizer_as_an_object():
    with pytest.raises(InvalidArgument, match="'line_search', which evaluates the loss again within a step"):
        Recipe(optimizer=LineSearch(), regularizer="weight_noise")


def test_a_schedule_of_momenta_needs_an_optimizer_with_one():
    cycle = {"name": "one_cycle", "momentum": (0.8, 0.9)}
    with pytest.raises(InvalidArgument, match=r"leaves the momentum alone, as that of 'adagrad' cannot change"):
        Recipe(optimizer="adagrad", schedule=cycle)
    assert Recipe(optimizer="adam", schedule=cycle).build_schedule(0.1).momentum == (0.8, 0.9)
    Recipe(optimizer="adagrad", schedule="one_cycle")  # cycles the rate alone
