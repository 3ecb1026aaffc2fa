"""Data sets: found where they lie, prepared once, opened as memory-mapped arrays."""

from keras_vae.datasets.dataset import ImageDataset
from keras_vae.datasets.loading import load_dataset
from keras_vae.datasets.registry import DATASETS

__all__ = ["DATASETS", "ImageDataset", "load_dataset"]
