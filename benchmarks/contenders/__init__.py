"""What `train_step.py` compares: one file for each way to train the same network.

Each offers `prepare(task, variant)`, which returns a function that trains on one chunk of batches
and returns how many images it saw.
"""
