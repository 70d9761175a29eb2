"""The role of every weight of Keras' layers."""

import keras

from callbacks.inside.weights import is_kernel

K = keras.layers
LAYERS = {
    (None, 4): [K.Dense(3), K.PReLU(), K.BatchNormalization()],
    (None, 5, 4): [
        K.LayerNormalization(axis=(1, 2)),
        K.PReLU(),
        K.Conv1D(3, 2),
        K.SeparableConv1D(3, 2),
        K.GRU(3),
        K.Bidirectional(K.LSTM(3)),
        K.RMSNormalization(axis=(1, 2)),
        K.GroupNormalization(2),
        K.EinsumDense("abc,cd->abd", (5, 3), bias_axes="bd"),
    ],
    (None, 7): [K.Embedding(10, 3)],
}
KERNELS = {"kernel", "recurrent_kernel", "depthwise_kernel", "pointwise_kernel", "embeddings"}


def test_kernels_and_embeddings_are_told_from_all_others():
    names = set()
    for shape, layers in LAYERS.items():
        for layer in layers:
            layer.build(shape)
            for weight in layer.trainable_weights:
                names.add(weight.name)
                assert is_kernel(weight) == (weight.name in KERNELS), weight.path
    assert names == KERNELS | {"bias", "gamma", "beta", "alpha", "scale"}
