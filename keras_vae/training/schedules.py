"""Learning rates: by step of a training, and for another batch size."""

from __future__ import annotations

from typing import Annotated

import keras

from ..choices import LAST_RATES, RATE_RULES
from ..presets import Preset
from ..presets.ranges import Count, OneOf, in_range


def learning_rate(preset: Preset, steps: int) -> float | keras.optimizers.schedules.CosineDecay:
    """The learning rate of a training, constant or by step.

    Args:
        preset: Start, decay and epochs.
        steps: Steps in an epoch.
    """
    if preset.decay == "constant" and not preset.warmup_steps:
        return preset.learning_rate
    return cosine(
        preset.learning_rate,
        steps * preset.epochs,
        last=LAST_RATES[preset.decay],
        warmup=preset.warmup_steps,
    )


def cosine(
    rate: float, steps: int, *, last: float = 0.0, warmup: int = 0
) -> keras.optimizers.schedules.CosineDecay:
    """A learning rate that falls along half a cosine (Loshchilov and Hutter 2017).

    Args:
        rate: The highest.
        steps: Of the training.
        last: The last rate, as a share of the highest.
        warmup: Steps at the start over which the rate grows from 0.
    """
    return keras.optimizers.schedules.CosineDecay(
        0.0 if warmup else rate,
        max(1, steps - warmup),
        alpha=last,
        warmup_target=rate if warmup else None,
        warmup_steps=warmup,
    )


@in_range
def scale_learning_rate(
    preset: Preset, rule: Annotated[str, OneOf(tuple(RATE_RULES))], batch_size: Count
) -> Preset:
    """Scale a preset's learning rate for a batch k times the one that it was chosen for.

    Args:
        preset: With the batch size of the training.
        rule: "none"; "linear", by k (Goyal et al. 2017, section 2.1); or "sqrt", by √k, which keeps
            the variance of a step (Krizhevsky 2014, section 5).
        batch_size: The batch size that the learning rate was chosen for.

    Raises:
        ValueError: If the rule is unknown, or the batch size is not positive.
    """
    factor = (preset.batch_size / batch_size) ** RATE_RULES[rule]
    return preset.override(learning_rate=preset.learning_rate * factor)
