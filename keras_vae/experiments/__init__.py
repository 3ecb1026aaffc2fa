"""The experiments of the reports: sweeps of small trainings with tables, figures and verdicts.

An experiment is a module of this package with an `EXPERIMENT`: the cells to train or evaluate, the
figures to plot and the claims to check. All other code is shared.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ..files.naming import near_names

if TYPE_CHECKING:
    from .experiment import Experiment

# name → one line of help; each has a module of its name.
EXPERIMENTS = {
    "architectures": "31 dense networks for MNIST, four sizes of the latent: which is enough?",
    "elbo-curve": "-ELBO against samples seen, with latents of 3, 5 and 20 dimensions.",
    "latent-dim": "What more latent dimensions buy, in dense and in convolutional networks.",
    "kl-weight": "Reconstruction against coverage of the prior, by the variance c.",
    "autoencoder-vs-vae": "Where a plain autoencoder's codes lie, and where a VAE's.",
    "single-models": "Single models whose loss the reports state.",
    "latent-dim-faces": "What more latent dimensions buy, for faces.",
    "kl-weight-faces": "The weight of the KL divergence and the latent's size, for faces.",
    "interpolation": "How even the way from face to face is, and a stronger pull to the prior.",
    "rounds": "How many rounds of training are enough for faces.",
    "attribute-contributions": "Which attributes point along Attractive, and how far.",
    "attribute-probes": "How well attributes of faces can be read from the latents, and changed.",
    "face-model": "What the shipped model of faces draws, sees and can change.",
    "published-losses": "Numbers of the same networks from outside the reports.",
}


def get_experiment(name: str) -> Experiment:
    """Look an experiment up by its name.

    Raises:
        ValueError: If there is none of that name.
    """
    if name not in EXPERIMENTS:
        near = near_names(name, list(EXPERIMENTS))
        raise ValueError(f"No experiment is called {name!r}. {near}")
    return import_module(f".{name.replace('-', '_')}", __package__).EXPERIMENT


__all__ = ["EXPERIMENTS", "get_experiment"]
