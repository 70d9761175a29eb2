"""Datasets: training, validation and test batches and a Spec, from a TFDS name or your own arrays."""

from .dataset import Data
from .datasets import DATASETS, EMBEDDED_NAMES, UnknownDataset
from .image_folders import load_images
from .loading import load
from .network import DatasetUnavailable
from .spec import Spec

__all__ = ["DATASETS", "EMBEDDED_NAMES", "Data", "DatasetUnavailable", "Spec", "UnknownDataset", "load", "load_images"]
