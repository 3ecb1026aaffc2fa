"""Training: trainer, run directory, callbacks, schedules, precision, devices and workers."""
