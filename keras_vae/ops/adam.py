"""Adam with one TensorFlow kernel per weight."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from .registration import package


@package
class FusedAdam(keras.optimizers.Adam):
    """Keras's Adam (Kingma and Ba 2014) with one TensorFlow kernel for the update of a weight.

    The parent's update takes a dozen passes over memory: in dense networks a quarter of the step.
    Slots, arguments and results are the parent's, but a moving average of the weights (`use_ema`)
    does not replace them at the end of `fit`: a training may take several. For dense gradients,
    without AMSGrad. The slots are private attributes of Keras's optimizer; only this file reads
    them.

    Raises:
        ValueError: If `amsgrad` is true.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.amsgrad:
            raise ValueError(
                "`amsgrad` must be false: the kernel has no AMSGrad, keras.optimizers.Adam has. "
                f"Received: {self.amsgrad}."
            )

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: Any) -> None:
        """Update a weight and its two moments."""
        index, dtype = self._get_variable_index(variable), variable.dtype
        step = tf.cast(self.iterations + 1, dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(tf.cast(self.beta_1, dtype), step),
            beta2_power=tf.pow(tf.cast(self.beta_2, dtype), step),
            lr=tf.cast(learning_rate, dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.cast(gradient, dtype),
        )

    def averages(self) -> list[tuple[keras.Variable, keras.Variable]]:
        """Each weight and its moving average; nothing without `use_ema`, or before a first step.

        Until then Keras keeps zeros for averages.
        """
        if not (self.use_ema and self.built and int(self.iterations)):
            return []
        pairs = zip(self._trainable_variables, self._model_variables_moving_average, strict=True)
        return list(pairs)

    def finalize_variable_values(self, var_list: list[keras.Variable]) -> None:
        """Leave the weights as they are."""
