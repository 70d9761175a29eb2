import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes.data.statistics.moments import check_finite, chunks, moments


def test_images_agree_with_numpy_in_float64():
    images = np.random.RandomState(0).randint(0, 256, (2500, 5, 4, 3)).astype("uint8")
    mean, variance = moments(images)
    np.testing.assert_allclose(mean, images.mean(axis=(0, 1, 2), dtype="float64"), rtol=1e-13)
    np.testing.assert_allclose(variance, images.var(axis=(0, 1, 2), dtype="float64"), rtol=1e-12)


def test_tables_agree_with_numpy_in_float64():
    table = (np.random.RandomState(0).randn(1000, 3) * [1, 1e4, 1e-4] + [0, 1e6, 0]).astype("float32")
    mean, variance = moments(table)
    assert mean == tuple(table.mean(axis=0, dtype="float64").tolist())
    assert variance == tuple(table.var(axis=0, dtype="float64").tolist())


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("offset", [1.7e9, 1e15])
def test_large_offsets_cost_no_digits(offset, unit):
    table = offset * unit + unit * np.random.default_rng(0).normal(size=(1000, 2))
    exact = table.astype(np.longdouble)
    mean, variance = moments(table)
    np.testing.assert_allclose(mean, exact.mean(axis=0).astype(float), rtol=1e-15)
    np.testing.assert_allclose(variance, exact.var(axis=0).astype(float), rtol=1e-8)


def test_integers_that_float64_cannot_hold():
    table = 2**60 + np.array([[-3, 0], [5, 2**62], [4, 1], [6, -(2**63)]])
    (first, _), (variance, _) = moments(table)
    assert first == 2**60 + 3
    assert variance == 12.5


def test_a_constant_has_variance_one():
    assert moments(np.array([[0.3], [0.1 + 0.2]]))[1] == (1.0,)
    assert moments(np.full((7, 1), 0.1, "float32"))[1] == (1.0,)
    assert moments(np.full((7, 2, 2, 1), 9, "uint8")) == ((9.0,), (1.0,))


def test_check_finite_names_column_split_and_count():
    table = np.ones((5, 3), "float32")
    check_finite("x", "train", table)
    table[1, 1], table[3, 1], table[0, 2] = np.nan, np.inf, -np.inf
    with pytest.raises(
        InvalidArgument, match=r"2 of the 5 values of column 'b' in split 'test' are .* 1 more column\)"
    ):
        check_finite("x", "test", table, ("a", "b", "c"))
    with pytest.raises(InvalidArgument, match="of column 1 in split 'train'"):
        check_finite("x", "train", table)
    with pytest.raises(InvalidArgument, match="1 of the 3 values of the target in split 'train' is NaN"):
        check_finite("y", "train", np.array([1, np.nan, 2], "float32"))


def test_infinities_of_both_signs_do_not_cancel_and_large_values_are_fine():
    with pytest.raises(InvalidArgument):
        check_finite("x", "train", np.array([[np.inf], [-np.inf]], "float32"))
    check_finite("x", "train", np.full((10, 1), 3e38, "float32"))


def test_large_images_are_read_in_smaller_chunks():
    sizes = [len(chunk) for chunk in chunks(np.zeros((9, 2048, 1024, 2), "uint8"))]
    assert sizes == [2, 2, 2, 2, 1]
    assert [len(chunk) for chunk in chunks(np.zeros((1030, 2, 2, 1), "uint8"))] == [1024, 6]
