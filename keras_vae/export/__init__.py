"""Export of a trained model: SavedModel, signatures, warm-up requests and model card."""

from ..ops import backend as backend  # refuses other backends than TensorFlow
