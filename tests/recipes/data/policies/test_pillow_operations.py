"""Each operation against Pillow's, on photographs and grey images."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageEnhance, ImageOps

from recipes.data.policies.aug_mix import AMOUNTS as MIXED
from recipes.data.policies.pillow_operations import OPERATIONS, apply_each
from recipes.data.policies.rand_augment import AMOUNTS


def pictures(channels):
    """Smooth pictures with noise, some flat or of few levels, 21 x 26."""
    random = np.random.default_rng(0)
    rows, columns = np.meshgrid(np.arange(21), np.arange(26), indexing="ij")
    start, period = np.arange(5)[:, None, None, None], 3 + np.arange(channels)
    waves = np.sin(rows[..., None] / 5 + start) + np.cos(columns[..., None] / period + start)
    x = np.clip(128 + 50 * waves + random.normal(0, 6, (5, 21, 26, channels)), 20, 240)
    x[3] = 77
    x[4] = np.where(x[4] > 128, 200, 30)
    return x.round().astype("uint8")


def affine(*coefficients):
    return lambda image, amount: image.transform(
        image.size,
        Image.AFFINE,
        tuple(c(amount, image.size) if callable(c) else c for c in coefficients),
        Image.BILINEAR,
    )


def given(amount, _):
    return amount


BY_PILLOW = {  # name -> (function of an image and an amount, amounts, largest difference in levels)
    "identity": (lambda image, _: image, [0.0], 0),
    "shear_x": (affine(1, given, 0, 0, 1, 0), [-0.3, 0.2], 1),
    "shear_y": (affine(1, 0, 0, given, 1, 0), [-0.3, 0.2], 1),
    "translate_x": (affine(1, 0, lambda a, size: round(a * size[0]), 0, 1, 0), [-0.3, 0.15], 0),
    "translate_y": (affine(1, 0, 0, 0, 1, lambda a, size: round(a * size[1])), [-0.3, 0.15], 0),
    "rotate": (lambda image, a: image.rotate(a, Image.BILINEAR), [-25.0, 10.0], 1),
    "brightness": (lambda image, f: ImageEnhance.Brightness(image).enhance(f), [0.3, 1.7], 1),
    "color": (lambda image, f: ImageEnhance.Color(image).enhance(f), [0.3, 1.7], 2),
    "contrast": (lambda image, f: ImageEnhance.Contrast(image).enhance(f), [0.3, 1.7], 2),
    "sharpness": (lambda image, f: ImageEnhance.Sharpness(image).enhance(f), [0.3, 1.7], 2),
    "posterize": (lambda image, b: ImageOps.posterize(image, int(b)), [4.0, 7.0], 0),
    "solarize": (ImageOps.solarize, [90.0, 178.5], 0),
    "auto_contrast": (lambda image, _: ImageOps.autocontrast(image), [0.0], 1),
    "equalize": (lambda image, _: ImageOps.equalize(image), [0.0], 0),
}


def test_every_operation_of_the_policies_is_here():
    assert set(BY_PILLOW) == set(OPERATIONS) == set(AMOUNTS) == {*MIXED, *AMOUNTS}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", BY_PILLOW)
def test_it_does_what_pillow_does(name, channels):
    theirs, amounts, tolerance = BY_PILLOW[name]
    x = pictures(channels)
    count = len(x) * len(amounts)
    repeated = np.repeat(x, len(amounts), axis=0)
    each = tf.tile(tf.constant(amounts), [len(x)])
    out = apply_each(tf.constant(repeated, tf.float32), tf.zeros(count, tf.int32), [name], each).numpy()
    for image, amount, ours in zip(repeated, each.numpy(), out, strict=True):
        picture = Image.fromarray(image if channels == 3 else image[..., 0])
        expected = np.asarray(theirs(picture, float(np.float32(amount))), "float64").reshape(image.shape)
        inside = np.ones(image.shape[:2], bool)
        if name.startswith(("shear", "translate", "rotate")):  # Pillow fills what is left empty with black
            inside = np.asarray(theirs(Image.new("L", picture.size, 255), float(amount))) == 255
            assert 0.5 < inside.mean() < 1
        assert np.abs(ours - expected)[inside].max() <= tolerance + 1e-3


def test_what_a_move_leaves_empty_has_the_pixels_of_the_edge():
    x = tf.constant(pictures(3), tf.float32)
    left = apply_each(x, tf.zeros(5, tf.int32), ["translate_x"], tf.fill([5], 5 / 26)).numpy()
    np.testing.assert_allclose(left[:, :, :-5], x[:, :, 5:], atol=1e-3)
    np.testing.assert_allclose(left[:, :, -5:], np.repeat(x[:, :, -1:], 5, axis=2), atol=1e-3)


def test_each_image_has_its_own_and_an_operation_may_have_none():
    x = tf.constant(pictures(3), tf.float32)
    names, which, amounts = list(OPERATIONS), [8, 2, 8, 13, 0], tf.constant([0.5, 0.1, 1.5, 0.0, 0.2])
    together = apply_each(x, tf.constant(which), names, amounts).numpy()
    for place, (number, amount) in enumerate(zip(which, amounts, strict=True)):
        alone = apply_each(x[place : place + 1], tf.zeros(1, tf.int32), [names[number]], amount[None])
        np.testing.assert_allclose(together[place], alone[0], atol=1e-3)


def test_tiny_images_go_through_all_of_them():
    x = tf.constant([[[[3.0], [250.0]]]])
    for name in OPERATIONS:
        out = apply_each(x, tf.zeros(1, tf.int32), [name], tf.constant([0.3])).numpy()
        assert out.shape == (1, 1, 2, 1)
        assert 0 <= out.min() <= out.max() <= 255


def test_an_operation_that_no_image_of_a_batch_has_changes_nothing():
    """With oneDNN, whose convolution of no images has another shape, as much as without: run with --all."""
    images = tf.constant(pictures(1), tf.float32)
    for name in OPERATIONS:
        out = apply_each(images, tf.zeros(5, tf.int32), ["identity", name], tf.ones(5))
        np.testing.assert_array_equal(out, images, name)
