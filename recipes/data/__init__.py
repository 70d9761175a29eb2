"""Datasets: from a TFDS name or your own arrays to training, validation and test batches and a Spec."""

from recipes.data.dataset import Data
from recipes.data.datasets import DATASETS, EMBEDDED_NAMES, UnknownDataset
from recipes.data.loading import load
from recipes.data.network import DatasetUnavailable
from recipes.data.spec import Spec

__all__ = ["DATASETS", "EMBEDDED_NAMES", "Data", "DatasetUnavailable", "Spec", "UnknownDataset", "load"]
