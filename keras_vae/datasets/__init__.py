"""Data sets: sources, prepared cache, splits, binarization and the tf.data pipeline."""

from .dataset import ImageDataset as ImageDataset
from .loading import load_dataset as load_dataset
from .registry import DATASETS as DATASETS
