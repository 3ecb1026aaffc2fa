"""Keras's `fit`, begun anywhere: also within an epoch, or in its validation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import keras

BatchesFrom = Callable[[int, int], Any]  # epochs and steps completed → batches


def fit_from(
    model: keras.Model,
    batches_from: BatchesFrom,
    *,
    epochs: int,
    steps: int,
    initial_epoch: int = 0,
    initial_step: int = 0,
    validation: Any = None,
    callbacks: Iterable[keras.callbacks.Callback] = (),
) -> None:
    """Train a compiled model to its last epoch.

    An epoch that was interrupted is finished first. Its `fit` has only the steps that are left, so
    that its batches are counted from 0 again; a callback restores the means of its metrics.

    Args:
        model: The model.
        batches_from: Makes the batches after so many epochs, and steps in the next one.
        epochs: Epochs of the whole training.
        steps: Steps in an epoch.
        initial_epoch: Epochs completed.
        initial_step: Steps completed in the epoch after them.
        validation: What is measured after each epoch; None: nothing.
        callbacks: Keras callbacks.
    """
    callbacks = list(callbacks)

    def fit(first: int, last: int, step: int) -> None:
        model.fit(
            batches_from(first, step),
            validation_data=validation,
            steps_per_epoch=steps - step,
            initial_epoch=first,
            epochs=last,
            shuffle=False,  # the pipeline shuffles
            verbose=0,
            callbacks=listeners(steps - step),
        )

    def listeners(steps: int) -> keras.callbacks.CallbackList:
        """The callbacks, with the epochs of the whole training: `fit` tells them of its own."""
        return keras.callbacks.CallbackList(
            callbacks, add_history=True, model=model, epochs=epochs, steps=steps
        )

    model.stop_training = False
    if initial_step:
        if initial_step < steps:
            fit(initial_epoch, initial_epoch + 1, initial_step)
        else:
            _end_epoch(model, initial_epoch, validation, listeners(0))
        initial_epoch += 1
    if initial_epoch < epochs and not model.stop_training:
        fit(initial_epoch, epochs, 0)


def _end_epoch(
    model: keras.Model, epoch: int, validation: Any, listeners: keras.callbacks.CallbackList
) -> None:
    """Do what `fit` does after an epoch's last step."""
    listeners.on_train_begin()
    model.reset_metrics()
    listeners.on_epoch_begin(epoch)
    logs = dict(model.get_metrics_result())
    if validation is not None:
        measured = model.evaluate(validation, verbose=0, callbacks=listeners, return_dict=True)
        logs |= {f"val_{name}": value for name, value in measured.items()}
    listeners.on_epoch_end(epoch, logs)
    listeners.on_train_end(logs)
