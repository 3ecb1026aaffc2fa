"""Training: run directory, callbacks, schedules, precision, devices, workers."""
