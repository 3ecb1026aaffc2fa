"""Trainings that end in the middle of an epoch."""

import keras


class StopAt(keras.callbacks.Callback):
    """Interrupts a training after a step, as Ctrl-C does."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_train_batch_end(self, batch, logs=None):
        """Interrupt."""
        if int(self.model.optimizer.iterations) >= self.step:
            raise KeyboardInterrupt
