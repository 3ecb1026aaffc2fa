"""The contenders of `train_step.py`: one file for each way to train the same network.

Each has a function `prepare(task, variant)`, which returns a function that trains on one chunk of
batches and returns the number of images.
"""
