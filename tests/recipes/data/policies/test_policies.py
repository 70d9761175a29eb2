"""RandAugment and AugMix: which operations, how often, how far, and what of the image is left."""

import numpy as np
import pytest
import tensorflow as tf

from callbacks.checks import InvalidArgument
from recipes import Recipe
from recipes.data import Data
from recipes.data.augmentation import augmentation, pipeline_function
from recipes.data.policies import aug_mix, rand_augment
from recipes.regularization import Augmentation, AugMix, RandAugment


def photographs(count=60, dtype="uint8"):
    x = np.random.default_rng(0).integers(0, 256, (count, 8, 10, 3))
    x = x.astype(dtype) if dtype == "uint8" else (x / 127.5 - 1).astype(dtype)
    return Data.from_arrays(x, np.arange(count) % 3, class_names=("cat", "dog", "cow"), name="photographs")


@pytest.fixture(scope="module")
def colour():
    return photographs()


def recorded(monkeypatch, module, policy, count):
    """The places and amounts that a policy gives its images, one row per operation."""
    found = []
    plain = module.apply_each

    def watched(images, which, operations, amounts):
        found.append((which.numpy(), amounts.numpy(), list(operations)))
        return plain(images, which, operations, amounts)

    monkeypatch.setattr(module, "apply_each", watched)
    x = tf.constant(np.random.default_rng(1).integers(0, 256, (count, 4, 4, 3)).astype("uint8"))
    return found, policy, x


LARGEST = {  # of torchvision 0.25's RandAugment, of 31 magnitudes: in its units, at the last
    **dict.fromkeys(["shear_x", "shear_y"], 0.3),
    **dict.fromkeys(["translate_x", "translate_y"], 150 / 331),
    "rotate": 30.0,
    **dict.fromkeys(["brightness", "color", "contrast", "sharpness"], 0.9),
}


def test_rand_augment_draws_each_operation_alike_for_each_image_and_goes_as_far_as_torchvision(monkeypatch, colour):
    found, augment, x = recorded(monkeypatch, rand_augment, RandAugment(0.3, operations=2).augment(colour), 2800)
    augment(x, (0, 0))
    assert len(found) == 2
    (first, _, names), (second, _, _) = found
    assert names == list(rand_augment.AMOUNTS)
    for which, amounts, _ in found:
        np.testing.assert_allclose(np.bincount(which, minlength=14) / len(x), 1 / 14, atol=0.02)
        for place, name in enumerate(names):
            those = amounts[which == place]
            if name in LARGEST:
                moved = those - (1 if name in ("brightness", "color", "contrast", "sharpness") else 0)
                np.testing.assert_allclose(np.abs(moved), 0.3 * LARGEST[name], rtol=1e-5)
                assert 0.3 < (moved > 0).mean() < 0.7
            elif name == "posterize":
                assert (those == 8 - round(9 / (30 / 4))).all()
            elif name == "solarize":
                np.testing.assert_allclose(those, 255 * 0.7, rtol=1e-6)
    assert np.mean(first == second) == pytest.approx(1 / 14, abs=0.02)


def test_aug_mix_draws_depths_distances_and_operations_for_each_image(monkeypatch, colour):
    found, augment, x = recorded(monkeypatch, aug_mix, AugMix(0.3).augment(colour), 1500)
    augment(x, (0, 0))
    assert len(found) == 3
    names = found[0][2]
    assert names == [*aug_mix.AMOUNTS, "identity"]
    going = np.array([which for which, _, _ in found]).reshape(3, 3, len(x)) < 9  # place, chain, image
    np.testing.assert_allclose(going.mean(axis=(1, 2)), [1, 2 / 3, 1 / 3], atol=0.03)
    depths = going.sum(axis=0)
    np.testing.assert_allclose([(depths == depth).mean() for depth in (1, 2, 3)], 1 / 3, atol=0.03)
    assert abs(np.corrcoef(depths)[0, 1]) < 0.08
    degrees = np.concatenate([amounts[which == names.index("rotate")] for which, amounts, _ in found])
    assert 8.8 < np.abs(degrees).max() <= 9.0
    assert np.abs(degrees).mean() == pytest.approx((0.3 + 9) / 2, rel=0.1)
    bits = np.concatenate([amounts[which == names.index("posterize")] for which, amounts, _ in found])
    assert set(bits) == {3.0, 4.0}


def test_aug_mix_is_a_mixture_with_uniform_shares(monkeypatch):
    """Chains that are white leave 1 - m of white on black images; of three, one of them white, its Dirichlet share."""
    data = photographs()
    black = tf.zeros((4000, 4, 4, 3), tf.uint8)
    white = [()]

    def whitened(images, *_):
        chains = tf.repeat(tf.constant([255.0 * (chain in white[0]) for chain in range(3)]), len(images) // 3)
        return tf.broadcast_to(chains[:, None, None, None], tf.shape(images))

    monkeypatch.setattr(aug_mix, "apply_each", whitened)
    for white[0], mean, variance in [((0, 1, 2), 1 / 2, 1 / 12), ((1,), 1 / 6, 1 / 6 * 1 / 3 - 1 / 36)]:
        shares = AugMix(0.3).augment(data)(black, (0, 0)).numpy()[:, 0, 0, 0] / 255
        assert shares.mean() == pytest.approx(mean, abs=0.01)
        assert shares.var() == pytest.approx(variance, rel=0.08)  # E[(1-m)^2] E[share^2] - mean^2, E[share^2] = 1 / 6


def test_images_from_minus_1_to_1_are_changed_as_those_from_0_to_255(colour):
    floats = photographs(dtype="float32")
    assert (floats.spec.input_min, floats.spec.input_max) == (-1.0, 1.0)
    x = colour.arrays("train")[0]
    for regularizer in (RandAugment(), AugMix(chains=1)):
        whole = regularizer.augment(colour)(tf.constant(x), (0, 5)).numpy().astype(float)
        out = regularizer.augment(floats)(tf.constant((x / 127.5 - 1).astype("float32")), (0, 5)).numpy()
        difference = np.abs((out + 1) * 127.5 - whole)
        assert np.quantile(difference, 0.99) <= 0.51
        assert not np.array_equal(whole, x)


def test_the_regularizers_and_the_transformations_are_the_same_operations(colour):
    x = tf.constant(colour.arrays("train")[0][:8])
    for policy in (rand_augment.RandAugment(0.4, colour), aug_mix.AugMix(0.4, colour)):
        name = {"RandAugment": "rand_augment", "AugMix": "aug_mix"}[type(policy).__name__]
        out = augmentation(colour, {name: 0.4})(x, (0, 1)).numpy()
        np.testing.assert_array_equal(pipeline_function(colour, [policy])(x, (0, 1)), out)
        other = Recipe(regularizer={"name": name, "strength": 0.4}).augment(colour)(x, (0, 1)).numpy()
        assert not np.array_equal(other, out)  # other random numbers


def test_they_follow_the_other_changes_and_draw_other_numbers(colour):
    x = tf.constant(colour.arrays("train")[0][:8])
    flip = Augmentation(["flip", "noise"])
    alone = [each.augment(colour) for each in (flip, RandAugment(), AugMix())]
    expected = alone[1](alone[0](x, (0, 2)), (0, 2))
    for order in (["rand_augment", flip], [flip, "rand_augment"]):
        np.testing.assert_array_equal(Recipe(regularizer=order).augment(colour)(x, (0, 2)), expected)


@pytest.mark.parametrize("made", [RandAugment, AugMix])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strength": 0}, r"strength must be a number > 0 and <= 1\. Received: strength=0"),
        ({"strength": 1.5}, "strength must be"),
        ({"operations": 0, "chains": 0}, r"(operations|chains) must be an integer >= 1"),
        ({"operations": 1.5, "chains": 1.5}, r"(operations|chains) must be an integer"),
    ],
)
def test_what_is_refused(made, options, message):
    taken = {name: value for name, value in options.items() if hasattr(made(), name)}
    with pytest.raises(InvalidArgument, match=message):
        made(**taken)


def test_tables_are_refused_by_name(classes):
    for name in ("rand_augment", "aug_mix"):
        with pytest.raises(InvalidArgument, match=f"regularizer must be one for tabular data.*'{name}'"):
            Recipe(regularizer=name).check(classes.spec)
