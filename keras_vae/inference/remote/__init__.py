"""Models on a TensorFlow Serving server, used as those in this process are.

Over REST no TensorFlow is imported: a client starts at once.
"""

from .model import TIMEOUT, RemoteModel, connect

__all__ = ["TIMEOUT", "RemoteModel", "connect"]
