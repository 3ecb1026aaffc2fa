"""Models on a TensorFlow Serving server, used like those in this process.

Over REST, TensorFlow is not imported: a client starts at once.
"""

from .model import TIMEOUT as TIMEOUT
from .model import RemoteModel as RemoteModel
from .model import connect as connect
