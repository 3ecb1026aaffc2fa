"""The reports' experiments, repeated: many small trainings, their tables, figures and verdicts.

`experiments.toml` lists the experiments, what they train and which claims they check. The module
of an experiment's name judges its claims. Everything else is shared.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ..files.naming import near_names
from . import claims

if TYPE_CHECKING:
    from .experiment import Experiment

# name → one line of help
EXPERIMENTS: dict[str, str] = {name: each["title"] for name, each in claims.EXPERIMENTS.items()}


def get_experiment(name: str) -> Experiment:
    """Look an experiment up by its name.

    Raises:
        ValueError: If there is none of that name.
    """
    from .experiment import Experiment

    if name not in EXPERIMENTS:
        near = near_names(name, list(EXPERIMENTS))
        raise ValueError(f"No experiment is called {name!r}. {near}")
    return Experiment(name, import_module(f".{name.replace('-', '_')}", __package__))
