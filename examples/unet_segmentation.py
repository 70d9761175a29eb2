"""A small U-Net that finds discs in noisy images, pixel by pixel: batches of a PyDataset, several validations an epoch.

python examples/unet_segmentation.py [PICTURE.png]
"""

import sys

import keras
import numpy as np

import callbacks

SIZE = 32


def discs(count, seed):
    """Images with one disc each in noise, and the masks of the discs."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    (centre_y, centre_x), radius = random.uniform(8, SIZE - 8, (2, count, 1, 1)), random.uniform(3, 8, (count, 1, 1))
    mask = (rows - centre_y) ** 2 + (columns - centre_x) ** 2 < radius**2
    x = 0.6 * mask + random.normal(0, 0.5, mask.shape)
    return x[..., None].astype("float32"), mask[..., None].astype("float32")


class Discs(keras.utils.PyDataset):
    """Other discs in each batch."""

    def __len__(self):
        return 40

    def __getitem__(self, index):
        return discs(16, seed=index)


def block(x, filters):
    """Convolution, batch normalization, ReLU."""
    x = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    return keras.layers.ReLU()(keras.layers.BatchNormalization()(x))


keras.utils.set_random_seed(0)
inputs = keras.Input((SIZE, SIZE, 1))
fine = block(inputs, 8)
middle = block(keras.layers.MaxPooling2D()(fine), 16)
coarse = block(keras.layers.MaxPooling2D()(middle), 32)
up = block(keras.layers.Concatenate()([keras.layers.UpSampling2D()(coarse), middle]), 16)
up = block(keras.layers.Concatenate()([keras.layers.UpSampling2D()(up), fine]), 8)
model = keras.Model(inputs, keras.layers.Conv2D(1, 1, activation="sigmoid")(up))
overlap = keras.metrics.BinaryIoU([1], name="overlap")
model.compile("adam", "binary_crossentropy", metrics=[overlap])

x, masks = discs(64, seed=1000)
print(callbacks.gradient_report(model, Discs()).verdict)
schedule, stop = callbacks.OneCycle(1e-2), callbacks.StopOnNaN()
validations = callbacks.SeveralValidations((x, masks), times=2)
model.fit(Discs(), epochs=4, verbose=0, callbacks=[schedule, stop, validations])
callbacks.recalibrate_batch_norm(model, x)  # the moving averages lag behind so short a training

if len(sys.argv) > 1:
    validations.plot().savefig(sys.argv[1])
print(f"overlap {model.evaluate(x, masks, verbose=0)[1]:.3f}")
