"""Each transformation against what it says it does: where pixels come from, how much noise, which colours."""

import colorsys

import numpy as np
import pytest
import tensorflow as tf

from callbacks.checks import InvalidArgument
from recipes.catalogue import UnknownName
from recipes.data import Data
from recipes.data.augmentation import TRANSFORMATIONS, augmentation, preset

COLOURS = ("hue", "color_jitter", "fancy_pca")
NAMES = ("cat", "dog", "cow")


def pictures(x, names=NAMES, **options):
    return Data.from_arrays(x, np.arange(len(x)) % len(names), class_names=names, name="pictures", **options)


@pytest.fixture(scope="module")
def colour():
    return pictures(np.random.default_rng(0).integers(0, 256, (60, 8, 10, 3)).astype("uint8"))


@pytest.fixture(scope="module")
def grey():
    return pictures(np.random.default_rng(1).integers(0, 256, (60, 8, 10)).astype("uint8"))


def apply(data, transformations, x, seed=(0, 0), **options):
    return augmentation(data, transformations, **options)(tf.constant(x), seed).numpy()


# --- all of them ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(TRANSFORMATIONS))
def test_images_stay_images_and_follow_from_the_seed_alone(name, colour):
    x = colour.arrays("train")[0][:24]
    augment = augmentation(colour, [name])
    once = augment(tf.constant(x), (0, 0)).numpy()
    assert (once.shape, once.dtype) == (x.shape, np.uint8)
    assert not np.array_equal(once, x)
    for other in [(0, colour.steps_per_epoch), (1, 0)]:
        assert not np.array_equal(augment(tf.constant(x), other), once)
    np.testing.assert_array_equal(augment(tf.constant(x), (0, 0)), once)
    compiled = tf.function(augmentation(colour, [name]))
    np.testing.assert_array_equal(compiled(tf.constant(x), (tf.constant(0, tf.int64), tf.constant(0, tf.int64))), once)


@pytest.mark.parametrize("name", ["pad_and_crop", "cutout", "rand_augment", "aug_mix"])
def test_in_batches_of_unknown_size_and_twice_the_numbers_are_the_same(name, colour):
    x = tf.constant(colour.arrays("train")[0][:6])
    number = tf.TensorSpec((), tf.int64)
    kinds = [tf.TensorSpec((None, *x.shape[1:]), x.dtype), (number, number)]
    compiled = tf.function(augmentation(colour, [name, name]), input_signature=kinds)
    expected = augmentation(colour, [name, name])(x, (0, 3)).numpy().astype(int)
    difference = np.abs(compiled(x, (tf.constant(0, tf.int64), tf.constant(3, tf.int64))).numpy() - expected)
    assert (difference <= 1).mean() > 0.99  # rounding


@pytest.mark.parametrize("name", list(TRANSFORMATIONS))
def test_each_image_of_a_batch_is_changed_in_its_own_way(name, colour):
    x = np.repeat(colour.arrays("train")[0][:1], 24, axis=0)
    out = apply(colour, [name], x)
    different = {each.tobytes() for each in out}
    expected = {"flip": 2, "alternating_flip": 1}.get(name)  # equal images are flipped alike
    assert len(different) == expected if expected else len(different) > 6


@pytest.mark.parametrize("name", [name for name in TRANSFORMATIONS if name not in COLOURS])
def test_grey_images(name, grey):
    x = grey.arrays("train")[0][:8]
    out = apply(grey, [name], x)
    assert (out.shape, out.dtype) == (x.shape, np.uint8)
    assert not np.array_equal(out, x)


@pytest.mark.parametrize("name", list(TRANSFORMATIONS))
def test_every_strength_that_a_search_may_try(name, colour):
    x = colour.arrays("train")[0][:8]
    for each in TRANSFORMATIONS[name].hyperparameters:
        assert each.name == "strength"
        for value in (each.low, each.high):
            assert not np.array_equal(apply(colour, {name: value}, x), x)
    for strength in (0.25, 2.0):  # the range of the regularizer
        assert apply(colour, [name], x, strength=strength).shape == x.shape


def test_nothing_wraps_around(colour):
    x = np.zeros((4, 8, 10, 3), "uint8")
    x[2:] = 255
    for name in ("noise", "fancy_pca", "color_jitter"):
        out = apply(colour, {name: 0.2}, x).astype(int)
        assert out[:2].max() < 255
        assert out[2:].min() > 0


# --- where pixels come from ---------------------------------------------------------------------------------------

SIDE, LEVELS = 33, 7
MIDDLE = (SIDE - 1) / 2
grid = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij"), axis=-1).astype(float)
RAMPS = np.concatenate([LEVELS * grid + 16, np.full((SIDE, SIDE, 1), 128.0)], axis=-1).astype("uint8")


def sources(transformations, count=60):
    """The row and column that each pixel of each image was taken from, shape (count, side, side, 2)."""
    x = np.repeat(RAMPS[np.newaxis], count, axis=0)
    out = apply(pictures(x), transformations, x)
    assert (out[..., 2] == 128).all()
    return (out[..., :2].astype(float) - 16) / LEVELS


def affine(found):
    """Least squares for source - middle = A (pixel - middle) + t, where the source is well inside of the image."""
    inside = ((found > 1) & (found < SIDE - 2)).all(-1)
    pixels = np.column_stack([grid[inside] - MIDDLE, np.ones(inside.sum())])
    solution = np.linalg.lstsq(pixels, found[inside] - MIDDLE, rcond=None)[0]
    return solution[:2].T, solution[2]


@pytest.mark.parametrize(
    ("name", "strength"),
    [("translation", 0.15), ("crop", 0.4), ("rotation", 20.0), ("zoom", 0.25), ("shear", 0.2)],
)
def test_moves_are_affine_within_their_bounds_and_the_edge_is_drawn_out(name, strength):
    found = sources({name: strength})
    matrices, shifts = map(np.array, zip(*[affine(each) for each in found], strict=True))
    if name == "crop":  # without filling: a window is enlarged
        corners = MIDDLE * (1 - matrices[:, [0, 1], [0, 1]]) + shifts
        assert corners.min() > -0.1
        assert (corners + matrices[:, [0, 1], [0, 1]] * (SIDE - 1)).max() < SIDE - 1 + 0.1
    if name in ("rotation", "zoom"):
        np.testing.assert_allclose(shifts, 0, atol=0.1)
    if name == "translation":
        np.testing.assert_allclose(matrices, np.broadcast_to(np.eye(2), matrices.shape), atol=0.02)
        amounts, bound = shifts, strength * SIDE
    elif name == "rotation":
        angles = np.arctan2(matrices[:, 1, 0], matrices[:, 0, 0])
        turned = np.stack([[np.cos(angles), -np.sin(angles)], [np.sin(angles), np.cos(angles)]]).transpose(2, 0, 1)
        np.testing.assert_allclose(matrices, turned, atol=0.02)
        amounts, bound = np.degrees(angles), strength
    elif name == "shear":
        np.testing.assert_allclose(matrices[:, [0, 1], [0, 1]], 1, atol=0.02)
        amounts, bound = matrices[:, [0, 1], [1, 0]], strength
    else:
        sizes = matrices[:, [0, 1], [0, 1]]
        np.testing.assert_allclose(sizes[:, 0], sizes[:, 1], atol=0.02)
        np.testing.assert_allclose(matrices[:, [0, 1], [1, 0]], 0, atol=0.02)
        amounts, bound = sizes[:, 0] - 1, strength
    tolerance = 0.02 * max(1, bound)
    assert np.abs(amounts).max() < bound + tolerance
    assert np.abs(amounts).max() > 0.8 * bound
    assert (amounts < -0.3 * bound).any()
    assert (amounts > 0.3 * bound).any() or name in ("crop", "shear")
    for source, matrix, shift in zip(found, matrices, shifts, strict=True):
        expected = np.clip((grid - MIDDLE) @ matrix.T + shift + MIDDLE, 0, SIDE - 1)
        np.testing.assert_allclose(source, expected, atol=0.6)


def test_a_translation_is_the_image_moved_with_its_edge_repeated():
    found = sources({"translation": 0.2}, 20)
    rows = np.arange(SIDE)
    for source in found:
        down, right = np.array([MIDDLE, MIDDLE]) - source[16, 16]
        np.testing.assert_allclose(source[..., 0], np.clip(rows - down, 0, SIDE - 1)[:, None] + 0 * rows, atol=0.16)
        np.testing.assert_allclose(source[..., 1], np.clip(rows - right, 0, SIDE - 1) + 0 * rows[:, None], atol=0.16)


def test_elastic_moves_are_smooth_and_different_in_both_directions():
    moves = sources(["elastic"], 40) - grid
    size = np.sqrt((moves**2).mean())
    assert 0.01 * SIDE < size < 0.12 * SIDE
    inner = moves[:, 6:-6, 6:-6]
    for axis in (1, 2):
        steps = np.diff(inner, axis=axis)
        assert np.sqrt((steps**2).mean()) < 0.5 * size
        assert (1 + steps[..., axis - 1] > 0).mean() > 0.99  # a rubber sheet is not folded
    assert abs(np.corrcoef(moves[..., 0].ravel(), moves[..., 1].ravel())[0, 1]) < 0.5


def test_erasing_fills_one_rectangle_of_an_image_with_pixels_of_its_range():
    x = np.full((300, 12, 10, 3), 100, "uint8")
    data = Data.from_arrays(x, np.arange(300) % 2, name="grey squares")
    out = augmentation(data, {"erasing": 0.3})(x, (0, 1)).numpy()
    shares, corners = [], []
    for changed in (out != 100).any(-1):
        rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
        inside = changed[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert inside.mean() > 0.8  # a random pixel may be what it was, in all channels
        shares.append(inside.size / changed.size)
        corners.append((rows[0], columns[0]))
    assert 0.01 < min(shares) < 0.04
    assert 0.25 < max(shares) < 0.36  # whole pixels
    assert np.mean(shares) == pytest.approx(0.16, abs=0.02)
    assert len(set(corners)) > 50
    pixels = out[(out != 100).any(-1)]
    assert pixels.mean() == pytest.approx(50, abs=2)  # white is 100 in these


def test_pad_and_crop_moves_by_whole_pixels_and_mirrors_what_is_beyond_the_edge():
    x = np.random.default_rng(0).integers(0, 256, (300, 9, 12, 3)).astype("uint8")
    out = apply(pictures(x), {"pad_and_crop": 0.2}, x)
    moves = []
    for image, changed in zip(x, out, strict=True):
        padded = np.pad(image, [(2, 2), (2, 2), (0, 0)], "reflect")
        found = [
            (down, right)
            for down in range(5)
            for right in range(5)
            if np.array_equal(padded[down : down + 9, right : right + 12], changed)
        ]
        assert len(found) == 1
        moves += found
    shares = np.histogram2d(*np.transpose(moves), bins=5)[0] / 300
    np.testing.assert_allclose(shares, 1 / 25, atol=0.035)


def test_cutout_fills_a_square_with_the_mean_colour_part_of_which_may_be_outside():
    x = np.random.default_rng(0).integers(0, 2, (400, 12, 12, 3)).astype("uint8") * 255
    x[..., 0] //= 5
    data = pictures(x)
    out = apply(data, {"cutout": 0.25}, x)
    mean = np.round(data.arrays("train")[0].mean((0, 1, 2)))
    assert 20 < mean[0] < 30 < 110 < mean[1]
    sizes, corners = [], set()
    for image, changed in zip(x, out, strict=True):
        cut = (changed == mean).all(-1)
        np.testing.assert_array_equal(image[~cut], changed[~cut])
        rows, columns = np.flatnonzero(cut.any(1)), np.flatnonzero(cut.any(0))
        assert cut[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        sizes.append((len(rows), len(columns)))
        corners.add((rows[0], columns[0]))
    assert np.max(sizes) == 3
    assert {2, 3} == set(np.ravel(sizes))
    assert np.mean(sizes) == pytest.approx((2 * 2 + 10 * 3) / 12, abs=0.05)  # the middle is in any of 12 rows
    assert len(corners) > 80


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 1.0)])
def test_floating_images_are_not_rounded(low, high):
    data = pictures(np.random.default_rng(0).uniform(low, high, (60, 6, 6, 3)).astype("float32"))
    x = data.arrays("train")[0]
    noise = apply(data, {"noise": 0.01}, x) - x
    inside = (x > low + 0.1) & (x < high - 0.1)
    assert noise[inside].std() == pytest.approx(0.01 * data.spec.input_max, rel=0.05)
    assert np.unique(noise[inside]).size > 1000
    strong = apply(data, {"noise": 0.5}, x)
    assert min(0.0, data.spec.input_min) == strong.min() < strong.max() == data.spec.input_max


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_an_alternating_flip_shows_both_sides_of_every_image_in_two_epochs(dtype):
    x = np.random.default_rng(0).integers(0, 256, (400, 6, 6, 3)).astype(dtype)
    data = pictures(x / 255 if dtype == "float32" else x, batch_size=16)
    x, mirrored = data.arrays("train")[0], data.arrays("train")[0][:, :, ::-1]
    augment, steps = augmentation(data, ["alternating_flip"]), data.steps_per_epoch
    assert steps > 3

    def flipped(epoch, seed=0, step=0):
        out = augment(tf.constant(x), (seed, epoch * steps + step)).numpy()
        sides = np.isclose(out, mirrored).all(axis=(1, 2, 3)), np.isclose(out, x).all(axis=(1, 2, 3))
        assert (sides[0] ^ sides[1]).all()
        return sides[0]

    first = flipped(0)
    assert 0.35 < first.mean() < 0.65
    for epoch in range(4):
        for step in (0, steps - 1):
            np.testing.assert_array_equal(flipped(epoch, step=step), first ^ bool(epoch % 2))
    assert 0.3 < (flipped(0, seed=1) ^ first).mean() < 0.7


def test_a_flip_is_the_mirror_image_or_nothing(colour):
    x = colour.arrays("train")[0]
    out = apply(colour, ["flip"], x)
    same = [np.array_equal(a, b) for a, b in zip(out, x, strict=True)]
    mirrored = [np.array_equal(a, b[:, ::-1]) for a, b in zip(out, x, strict=True)]
    assert all(a or b for a, b in zip(same, mirrored, strict=True))
    assert 0.2 < np.mean(mirrored) < 0.8


# --- noise and colours --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_noise_has_its_deviation_in_shares_of_the_range(factor, colour):
    x = np.full((200, 8, 10, 3), 128, "uint8")
    noise = apply(colour, {"noise": 0.05}, x, strength=factor).astype(float) - 128
    expected = np.sqrt((0.05 * factor * 255) ** 2 + 1 / 12)  # with that of the rounding
    assert noise.std() == pytest.approx(expected, rel=0.03)
    assert abs(noise.mean()) < 0.3
    by_channel = noise.reshape(-1, 3)
    assert np.abs(np.corrcoef(by_channel.T) - np.eye(3)).max() < 0.05


def test_where_white_is_16_the_range_ends_there():
    x = np.random.default_rng(5).integers(0, 17, (200, 8, 10, 3)).astype("uint8")
    data = pictures(x)
    assert data.spec.input_max == 16
    for name in TRANSFORMATIONS:
        assert apply(data, [name], x).max() <= 16
    noise = apply(data, {"noise": 0.1}, np.full_like(x, 8)).astype(float) - 8
    assert noise.std() == pytest.approx(np.sqrt((0.1 * 16) ** 2 + 1 / 12), rel=0.03)


def test_fancy_pca_moves_along_the_principal_components_of_the_training_pixels():
    random, variance = np.random.default_rng(4), 1.5
    hidden = random.normal(size=(90, 8, 10, 2)) * [55.0, 18.0]
    mixing = np.array([[0.6, 0.6, 0.5], [0.7, -0.7, 0.1]])  # pixels in a plane: one component is nearly 0
    data = pictures(np.clip(np.round(128 + hidden @ mixing), 0, 255).astype("uint8"))
    pixels = data.arrays("train")[0].reshape(-1, 3).astype("float64")
    values, vectors = np.linalg.eigh(np.cov(pixels.T / 255))
    assert values[0] < 0.02 * values[1]
    x = np.full((1500, 2, 2, 3), 128, "uint8")
    out = augmentation(data, {"fancy_pca": variance})(tf.constant(x), (0, 0)).numpy().astype("float64") - 128
    np.testing.assert_array_equal(out, np.broadcast_to(out[:, :1, :1], out.shape))
    amounts = out[:, 0, 0] @ vectors
    expected = np.sqrt(variance * (255 * values) ** 2 + 1 / 12)  # the rest is rounding
    np.testing.assert_allclose(amounts.std(0), expected, rtol=0.07)
    np.testing.assert_allclose(amounts.mean(0), 0, atol=0.1 * expected.max())
    np.testing.assert_allclose(np.corrcoef(amounts.T), np.eye(3), atol=0.1)


def test_hue_turns_the_colour_circle_and_keeps_lightness_and_saturation(colour):
    x = colour.arrays("train")[0]
    strength = 0.1
    out = apply(colour, {"hue": strength}, x)
    for extreme in (np.max, np.min):
        np.testing.assert_allclose(extreme(out, axis=-1), extreme(x, axis=-1).astype(int), atol=2)
    turns = []
    for before, after in zip(x.reshape(-1, 3) / 255.0, out.reshape(-1, 3) / 255.0, strict=True):
        if np.ptp(before) > 0.5:
            turn = colorsys.rgb_to_hsv(*after)[0] - colorsys.rgb_to_hsv(*before)[0]
            turns.append((turn + 0.5) % 1 - 0.5)
    assert np.abs(turns).max() < strength + 0.01
    assert np.std(turns) > 0.2 * strength


def test_colour_jitter_leaves_grey_pictures_grey_and_changes_their_brightness(colour):
    x = np.repeat(np.random.default_rng(2).integers(60, 200, (30, 8, 10, 1)), 3, axis=-1).astype("uint8")
    out = apply(colour, {"color_jitter": 0.3}, x).astype(int)
    assert np.ptp(out, axis=-1).max() <= 1
    moved = out.mean((1, 2, 3)) - x.mean((1, 2, 3))
    assert moved.min() < -15
    assert moved.max() > 15
    assert np.abs(moved).max() < 1.1 * 0.3 * 255
    one = apply(colour, {"color_jitter": 0.3}, colour.arrays("train")[0])
    saturation = [np.ptp(each.astype(int), axis=-1).mean((1, 2)) for each in (colour.arrays("train")[0], one)]
    assert (np.abs(saturation[1] / saturation[0] - 1) > 0.1).mean() > 0.3


@pytest.mark.parametrize("name", COLOURS)
def test_grey_images_have_no_colours_to_change(name, grey):
    with pytest.raises(InvalidArgument, match=f"transformations must be one for grey images.*={name!r}"):
        augmentation(grey, [name])


# --- in the pipeline ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def alike():
    """Two batches of one and the same picture, so that their order does not matter."""
    x = np.repeat(np.random.default_rng(3).integers(0, 256, (1, 8, 8, 3)), 50, axis=0).astype("uint8")
    return pictures(x, batch_size=16)


def epochs(data, count, **options):
    batches = data.batches("train", augment=augmentation(data, ["translation", "noise"]), **options)
    return [np.concatenate([x.numpy() for x, _ in batches]) for _ in range(count)]


@pytest.mark.thorough
def test_every_epoch_is_another_and_the_same_seed_repeats_them(alike):
    first, second = epochs(alike, 2, seed=3)
    assert (first.shape, first.dtype) == ((32, 8, 8, 3), np.uint8)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first[:16], first[16:])
    again = epochs(alike, 2, seed=3)
    np.testing.assert_array_equal(again, [first, second])
    (resumed,) = epochs(alike, 1, seed=3, first_epoch=1)
    np.testing.assert_array_equal(resumed, second)
    (other,) = epochs(alike, 1, seed=4)
    assert not np.array_equal(other, first)
    (largest,) = epochs(alike, 1, seed=2**32 - 1)
    assert not np.array_equal(largest, first)


def test_labels_stay_with_their_images():
    labels = np.arange(60) % 3
    x = np.broadcast_to(40 + 80 * labels[:, None, None, None], (60, 8, 8, 3)).astype("uint8")
    data = pictures(x, batch_size=16)
    for images, y in data.batches("train", seed=0, augment=augmentation(data, {"noise": 0.02, "flip": 1.0})):
        np.testing.assert_array_equal(np.round((images.numpy().mean((1, 2, 3)) - 40) / 80), y)


def test_the_arrays_and_the_other_splits_are_untouched(alike):
    before = {split: alike.arrays(split)[0].copy() for split in ("train", "validation", "test")}
    epochs(alike, 1)
    for split, x in before.items():
        np.testing.assert_array_equal(alike.arrays(split)[0], x)
        if split != "train":
            np.testing.assert_array_equal(np.concatenate([x.numpy() for x, _ in getattr(alike, split)]), x)


# --- which suit the data, and what is refused ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "names", "expected"),
    [
        ((30, 6, 6), ("0", "1", "2"), ("translation", "rotation", "zoom")),
        ((30, 6, 6, 3), ("0", "1", "2"), ("translation", "rotation", "zoom")),
        ((30, 6, 6, 3), ("a", "b", "c"), ("translation", "rotation", "zoom")),
        ((30, 6, 6), NAMES, ("translation", "rotation", "zoom")),
        ((30, 6, 6, 3), NAMES, ("flip", "translation")),
    ],
    ids=["grey digits", "coloured digits", "letters", "grey", "colour"],
)
def test_what_suits_the_data(shape, names, expected):
    data = pictures(np.random.default_rng(0).integers(0, 256, shape).astype("uint8"), names)
    assert preset(data.spec) == expected
    x = data.arrays("train")[0]
    np.testing.assert_array_equal(apply(data, None, x), apply(data, list(expected), x))


def test_a_flip_of_characters_warns_and_says_why(images):
    with pytest.warns(UserWarning, match=r"a flipped character is another one or none: 'flip' .* 'images'") as caught:
        augmentation(images, ["flip"])
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("transformations", "options", "message"),
    [
        (["flop"], {}, "unknown transformation 'flop': did you mean 'flip'"),
        ("flip", {}, r"transformations must be a list of names, or a mapping .*\. Received: transformations='flip'"),
        (5, {}, "transformations must be a list of names"),
        ({"translation": 0.0}, {}, r"translation must be a number > 0\. Received: translation=0\.0"),
        ({"translation": -0.1}, {}, "translation must be"),
        ({"noise": "0.1"}, {}, "noise must be"),
        (["flip"], {"strength": 0.0}, r"strength must be a number > 0\. Received: strength=0\.0"),
        (None, {"strength": -1}, "strength must be"),
    ],
)
def test_what_is_refused(transformations, options, message, colour):
    with pytest.raises(InvalidArgument, match=message):
        augmentation(colour, transformations, **options)


@pytest.mark.parametrize(
    "name",
    ["crop", "pad_and_crop", "translation", "zoom", "shear", "hue", "color_jitter", "elastic", "erasing", "cutout"],
)
def test_a_strength_that_is_too_large_is_refused_by_name(name, colour):
    with pytest.raises(InvalidArgument, match=name):
        augmentation(colour, {name: 50.0})


def test_names_are_looked_up(colour):
    with pytest.raises(UnknownName):
        augmentation(colour, ["mixup"])


def test_tables_are_refused(classes):
    with pytest.raises(InvalidArgument, match="augmentation must be used with images: 'classes' has none"):
        augmentation(classes)
