"""A generative adversarial network with a train_step of its own and two optimizers, each with its own schedule.

python examples/gan.py [PICTURE.png]
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure
from sklearn.datasets import load_digits

import callbacks

NOISE = 16


class GAN(keras.Model):
    """Generator and critic of images of digits."""

    def __init__(self):
        super().__init__()
        hidden = [keras.layers.Dense(64), keras.layers.BatchNormalization(), keras.layers.LeakyReLU()]
        self.generator = keras.Sequential([keras.Input((NOISE,)), *hidden, keras.layers.Dense(64, "sigmoid")])
        hidden = [keras.layers.Dense(64, "leaky_relu"), keras.layers.Dropout(0.3)]
        self.critic = keras.Sequential([keras.Input((64,)), *hidden, keras.layers.Dense(1)])
        self.built = True
        self.noise = keras.random.SeedGenerator(0)
        self.entropy = keras.losses.BinaryCrossentropy(from_logits=True)

    def compile(self, generator_optimizer, critic_optimizer):
        super().compile(steps_per_execution=28)
        self.generator_optimizer, self.critic_optimizer = generator_optimizer, critic_optimizer
        generator_optimizer.build(self.generator.trainable_weights)
        critic_optimizer.build(self.critic.trainable_weights)

    def train_step(self, real):
        noise = keras.random.normal((tf.shape(real)[0], NOISE), seed=self.noise)
        with tf.GradientTape(persistent=True) as tape:
            fake = self.generator(noise, training=True)
            of_real, of_fake = self.critic(real, training=True), self.critic(fake, training=True)
            wrong = self.entropy(tf.ones_like(of_real), of_real) + self.entropy(tf.zeros_like(of_fake), of_fake)
            unmasked = self.entropy(tf.ones_like(of_fake), of_fake)
        weights = self.critic.trainable_weights
        self.critic_optimizer.apply(tape.gradient(wrong, weights), weights)
        weights = self.generator.trainable_weights
        self.generator_optimizer.apply(tape.gradient(unmasked, weights), weights)
        return {"critic_loss": wrong, "generator_loss": unmasked}


x = (load_digits().data / 16.0).astype("float32")
keras.utils.set_random_seed(0)
model = GAN()
model.compile(keras.optimizers.Adam(1e-3, beta_1=0.5), keras.optimizers.Adam(1e-3, beta_1=0.5))
print(callbacks.gradient_report(model, tf.data.Dataset.from_tensor_slices(x).batch(64)).verdict)

schedules = [
    callbacks.LinearDecay(2e-3, optimizer="generator_optimizer"),
    callbacks.LinearDecay(2e-3, optimizer="critic_optimizer"),
]
history = model.fit(x, batch_size=64, epochs=80, verbose=0, callbacks=[*schedules, callbacks.StopOnNaN()]).history
print(
    f"rates {history['learning_rate/generator_optimizer'][-1]:.2g}, {history['learning_rate/critic_optimizer'][-1]:.2g}"
)

images = model.generator(np.random.default_rng(0).normal(size=(512, NOISE))).numpy()
if len(sys.argv) > 1:
    figure = Figure(figsize=(6, 2), layout="constrained")
    for axes, image in zip(figure.subplots(2, 6).flat, images, strict=False):
        axes.imshow(image.reshape(8, 8), cmap="gray_r")
        axes.set_axis_off()
    figure.savefig(sys.argv[1])
print(f"variety of the images, that of the digits being 1: {images.std(axis=0).mean() / x.std(axis=0).mean():.3f}")
