"""A class that is rare is a warning, once, that says what to do."""

import warnings

import numpy as np
import pytest

import recipes
from recipes.data.checks.imbalance import rare_class


def _data(y, **options):
    x = np.random.default_rng(0).normal(size=(len(y), 2))
    return recipes.Data.from_arrays(x, y, name="some", **options)


def _counts(*counts):
    return np.repeat(np.arange(len(counts)), counts)


def test_a_rare_class_is_named_with_what_to_do():
    with pytest.warns(UserWarning, match="'some'") as caught:
        data = _data(_counts(480, 20), class_names=("fine", "fraud"))
    assert len(caught) == 1
    assert str(caught[0].message) == (
        "dataset 'some': class 'fraud' is rare (4.1 % of training), so accuracy hardly shows it (always 'fine' is right"
        " in 95.9 %); judge by metric='balanced_accuracy' or 'pr_auc'; class_weight='balanced' lets all count alike"
    )
    assert (caught[0].filename, caught[0].lineno) == (__file__, _data.__code__.co_firstlineno + 2)  # who called
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        folds = data.folds(2)
        x, y = data.arrays("train")
        data.with_train(x[:100], y[:100], how="few")
    assert rare_class(folds[0].spec) is not None


@pytest.mark.parametrize("counts", [(450, 50), (180, 20), (60, 60, 60, 12)])
def test_a_class_of_more_than_5_percent_is_not_rare(counts):
    assert rare_class(_data(_counts(*counts)).spec) is None


def test_many_equal_classes_are_not_rare():
    assert rare_class(_data(_counts(*[20] * 25)).spec) is None
    assert rare_class(_data(_counts(*[40] * 24, 8)).spec) is None
    with pytest.warns(UserWarning, match="class '24' is rare .0.3 % of training.*always '.*' is right in 4.2 %"):
        _data(_counts(*[80] * 24, 6))
    with pytest.warns(UserWarning, match="class '2' is rare .4.*always '1' is right in 48"):
        _data(_counts(240, 240, 20))


def test_a_rare_label_is_named_too():
    y = np.zeros((200, 3), int)
    y[::2, 0] = y[::4, 1] = y[::40, 2] = 1
    match = "label '2' is rare .1.6 %.* accuracy hardly shows it .the commoner answer to every label is right in 7"
    with pytest.warns(UserWarning, match=match):
        _data(y)


def test_weights_that_balance_the_classes_leave_none_rare():
    y = _counts(480, 20)
    assert rare_class(_data(y, sample_weight=np.where(y == 1, 24.0, 1.0)).spec) is None


def test_regressions_have_no_classes():
    assert rare_class(_data(np.linspace(0, 1, 100)).spec) is None
