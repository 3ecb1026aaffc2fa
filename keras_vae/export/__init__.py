"""Export of a trained model: SavedModel, signatures, warm-up requests and model card."""
