"""Clients of models on a TensorFlow Serving server, with the interface of a local model.

With REST, TensorFlow is not imported, so that a client starts at once.
"""

from .model import TIMEOUT, RemoteModel, connect

__all__ = ["TIMEOUT", "RemoteModel", "connect"]
