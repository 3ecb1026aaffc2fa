"""Training: trainer, run directory, callbacks, schedules, precision, devices and workers."""

from ..ops import backend as backend  # refuses other backends than TensorFlow
