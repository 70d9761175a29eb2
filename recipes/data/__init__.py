"""Datasets: training, validation and test batches and a Spec, from a TFDS name or your own arrays."""

from .dataset import Data
from .image_folders import load_images
from .loading import load
from .spec import Spec
from .tfds.datasets import DATASETS, EMBEDDED_NAMES, UnknownDataset
from .tfds.network import DatasetUnavailable

__all__ = ["DATASETS", "EMBEDDED_NAMES", "Data", "DatasetUnavailable", "Spec", "UnknownDataset", "load", "load_images"]
