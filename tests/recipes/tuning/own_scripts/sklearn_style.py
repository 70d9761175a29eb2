"""A classifier with fit and predict as in scikit-learn: refused; the function that makes its model is compared."""

import keras
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

import recipes

x = np.random.default_rng(0).normal(size=(240, 6)).astype("float32")
y = np.where(x[:, 0] + np.random.default_rng(1).normal(size=240) > 0, "yes", "no")


class KerasClassifier(ClassifierMixin, BaseEstimator):
    def __init__(self, units=8, epochs=5):
        self.units = units
        self.epochs = epochs

    def make(self):
        layers = [keras.layers.Dense(self.units, activation="relu"), keras.layers.Dense(2, activation="softmax")]
        model = keras.Sequential([keras.Input((6,)), *layers])
        model.compile("adam", "sparse_categorical_crossentropy")
        return model

    def fit(self, x, y):
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.model_ = self.make()
        self.model_.fit(x, codes, epochs=self.epochs, verbose=0)
        return self

    def predict(self, x):
        return self.classes_[self.model_.predict(x, verbose=0).argmax(axis=1)]


def main(candidates=None, **options):
    data = recipes.Data.from_arrays(x, y)
    candidates = candidates or {"8": KerasClassifier(units=8).make, "32": KerasClassifier(units=32).make}
    return recipes.compare(candidates, data, **options)


if __name__ == "__main__":
    print(*main().verdict, sep="\n")
