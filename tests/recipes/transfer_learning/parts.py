"""Tiny data, and looks into models, for the tests of transfer."""

import keras
import numpy as np

import recipes


def weights(model):
    return {variable.path: np.array(variable) for variable in model.variables if "seed" not in variable.path}


def names_of_changed(before, model):
    return {path.split("/")[0] for path, value in weights(model).items() if not np.array_equal(value, before[path])}


def layers_of(model, kind):
    return [layer for layer in model.layers if isinstance(layer, kind)]


def lower(model, name="outputs"):
    """Everything below the head."""
    return keras.Model(model.input, model.get_layer(name).input)


def colours(size, channels=3, top=256):
    x = np.random.default_rng(5).integers(0, top, (60, size, size, channels)).astype("uint8")
    return recipes.Data.from_arrays(x, np.arange(60) % 3, batch_size=16, name="colours")


MODULES = {
    "ConvNeXtTiny": "convnext",
    "DenseNet121": "densenet",
    "EfficientNetB0": "efficientnet",
    "EfficientNetV2B0": "efficientnet_v2",
    "InceptionResNetV2": "inception_resnet_v2",
    "InceptionV3": "inception_v3",
    "MobileNet": "mobilenet",
    "MobileNetV2": "mobilenet_v2",
    "MobileNetV3Small": "mobilenet_v3",
    "NASNetMobile": "nasnet",
    "ResNet50": "resnet",
    "ResNet50V2": "resnet_v2",
    "VGG16": "vgg16",
    "Xception": "xception",
}


def prepared(name, x):
    """By Keras' own preprocessing."""
    return getattr(keras.applications, MODULES[name]).preprocess_input(np.array(x, "float32"))


def people(count=320):
    """Records whose columns belong together: a city, its country, and a height that depends on it."""
    random = np.random.default_rng(3)
    place = random.integers(0, 4, count)
    x = {
        "city": np.array(["Rome", "Oslo", "Lima", "Bonn"], object)[place],
        "country": np.array(["Italy", "Norway", "Peru", "Germany"], object)[place],
        "height": (50.0 * place + random.normal(size=count)).astype("float32"),
    }
    return recipes.Data.from_arrays(x, np.arange(count) % 2, batch_size=16, name="people")
