"""Files of random images, and what is said while they are loaded."""

import warnings

import numpy as np
from PIL import Image

from recipes.data import load_images

CLASSES = ("cat", "Dog", "eel")


def save(path, number, shape=(7, 8, 3), **options):
    pixels = np.random.default_rng(number).integers(0, 256, shape).astype("uint8")
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


def fill(root, count=12, names=CLASSES, first=0, shapes=((7, 8, 3),), suffix="png"):
    for place, name in enumerate(names):
        for number in range(count):
            save(root / name / f"{number:02}.{suffix}", first + 100 * place + number, shapes[number % len(shapes)])
    return root


def loaded(*arguments, **options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = load_images(*arguments, **options)
    return data, [str(warning.message) for warning in caught if issubclass(warning.category, UserWarning)]


def rows(data):
    """All examples, as sortable pairs."""
    pairs = [data.arrays(split) for split in ("train", "validation", "test")]
    return sorted(
        (image.tobytes(), int(label)) for x, y in pairs for image, label in zip(np.asarray(x), y, strict=True)
    )
