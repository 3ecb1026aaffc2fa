"""Zhao 2023, section 1.3, figure 1: the latents of an autoencoder, and those of a VAE."""

from __future__ import annotations

from PIL.Image import Image

from .figures import latent_scatter, sample_grid
from .results import Results
from .verdicts import Verdict

KINDS = {False: "plain autoencoder", True: "VAE"}  # by whether z is sampled
FILES = {False: "autoencoder.png", True: "vae.png"}
COLUMNS = ("code_spread", "prior_coverage")


def figures(results: Results) -> dict[str, Image]:
    """A scatter plot of each, and samples of the prior through both decoders."""
    models = {name: results.row(stochastic=kind) for kind, name in KINDS.items()}
    pictures = {
        FILES[kind]: latent_scatter(
            results.arrays(models[name]),
            f"MNIST's test images in the latent space of a {name}",
            "Latents spread by {code_spread:.2f} about their mean (the prior: 1); "
            "{prior_coverage:.1%} of samples from N(0, I) are near one.".format(**models[name]),
        )
        for kind, name in KINDS.items()
    }
    return pictures | {"samples.png": sample_grid(results, models, "Decoded samples from N(0, I)")}


def verdicts(results: Results) -> list[Verdict]:
    """Z0: the autoencoder's latents spread wide with gaps, the VAE's gather at the origin."""
    plain, vae = (
        {"name": name, **{column: results.values(column, stochastic=kind) for column in COLUMNS}}
        for kind, name in KINDS.items()
    )
    wide = vae["code_spread"].lower(plain["code_spread"])
    gaps = plain["prior_coverage"].lower(vae["prior_coverage"])
    return [Verdict.of("Z0", wide and gaps, wide or gaps, [plain, vae])]
