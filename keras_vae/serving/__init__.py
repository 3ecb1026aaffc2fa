"""Messages and configuration of TensorFlow Serving."""
