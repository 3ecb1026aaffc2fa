"""Data sets: sources, prepared cache, splits, binarization and the tf.data pipeline."""

from .dataset import ImageDataset
from .loading import load_dataset
from .registry import DATASETS

__all__ = ["DATASETS", "ImageDataset", "load_dataset"]
