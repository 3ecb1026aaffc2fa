"""TensorFlow Serving: its messages and its configuration."""
