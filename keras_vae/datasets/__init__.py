"""Data sets: sources, prepared cache, splits, binarization and the tf.data pipeline."""

from .dataset import ImageDataset as ImageDataset
from .loading import image_count as image_count
from .loading import known_name as known_name
from .loading import load_dataset as load_dataset
from .loading import native_shape as native_shape
from .registry import DATASETS as DATASETS
