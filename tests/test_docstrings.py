"""The examples in docstrings print what they say, up to the first line that is marked +SKIP."""

import doctest
import importlib
import itertools
import pkgutil

import keras
import numpy as np
import pytest

import callbacks
import recipes

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
KNOWN = {"callbacks": callbacks, "keras": keras, "np": np, "recipes": recipes}


def modules():
    """The full names of all modules of both halves."""
    for half in (callbacks, recipes):
        yield half.__name__
        for module in pkgutil.walk_packages(half.__path__, f"{half.__name__}."):
            if not module.name.endswith("__main__"):
                yield module.name


def runs(example):
    return not example.options.get(doctest.SKIP)


@pytest.mark.usefixtures("catalogues_restored")
@pytest.mark.parametrize("name", list(modules()))
def test_examples(name):
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
    printed = []
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, name):
        test.examples = list(itertools.takewhile(runs, test.examples))
        if test.examples:
            test.globs = {**KNOWN, **vars(module)}
            runner.run(test, out=printed.append)
    assert not runner.failures, "".join(printed)
