"""From a trained model to the SavedModel: signatures, warm-up requests, model card."""
