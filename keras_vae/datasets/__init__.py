"""Data sets: found where they lie, prepared once, opened as memory-mapped arrays."""

from .dataset import ImageDataset
from .loading import load_dataset
from .registry import DATASETS

__all__ = ["DATASETS", "ImageDataset", "load_dataset"]
