"""Searches of Hypothesis in three sizes.

The quick tests make the same few examples each time. `HYPOTHESIS_PROFILE=long pytest …` searches on
at random.
"""

import os

import pytest
from hypothesis import HealthCheck, given, settings

ALWAYS = {
    "deadline": None,  # tests share two cores
    "database": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}
settings.register_profile("quick", max_examples=4, derandomize=True, **ALWAYS)
settings.register_profile("thorough", max_examples=12, derandomize=True, **ALWAYS)
settings.register_profile("long", max_examples=200, **ALWAYS)

CHOSEN = os.environ.get("HYPOTHESIS_PROFILE", "quick")

profiles = pytest.mark.parametrize(
    "profile", [CHOSEN, pytest.param("thorough", marks=pytest.mark.slow)]
)


def search(profile, check, factor=1, **strategies):
    """Call `check` with examples of the strategies.

    Args:
        profile: Its name.
        check: Receives an example of each strategy.
        factor: How many times as many examples as the profile has; cheap checks have more.
        strategies: Strategies by the argument's name.
    """
    sized = settings.get_profile(profile)
    sized = settings(sized, max_examples=factor * sized.max_examples)

    # Hypothesis forbids arguments that it does not know, such as those of a bound method.
    def example(**values):
        check(**values)

    sized(given(**strategies)(example))()
