"""The result of an evaluation: plain values, and one JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ..latent_space.probes import Probe
from .groups import Group
from .likelihood import Likelihood
from .pixels import Pixels
from .posterior import Posterior
from .samples import SampleQuality
from .tables import notes, sections


@dataclass(frozen=True)
class Evaluation:
    """A model's measurements on one split, and all that they depend on.

    Attributes:
        model: The model's name.
        version: The model's version.
        data: The data set.
        split: "train", "validation" or "test".
        split_rule: Where the split comes from, in words.
        images: Number of images that were measured.
        image_shape: Their height, width, channels.
        binarization: How grey levels became black and white: "none" for not at all.
        seed: Seed of all samples.
        likelihood: None for a plain autoencoder.
        pixels: Errors of the reconstructions from z_mean.
        posterior: None for a plain autoencoder.
        probes: A linear probe for each attribute.
        groups: Reconstruction errors by group.
        samples: FID and KID by kind of image.
        unmeasured: Sentences that name what was not measured, with the reason.
        command: The command line.
        versions: Versions of the software.
        seconds: Duration, with that of interrupted evaluations that it resumed.

    Example:
        >>> print(table([result]))
        >>> result.to_dict()["tables"]["Likelihood"]["−ELBO (nats)"]
    """

    model: str
    version: int
    data: str
    split: str
    split_rule: str | None
    images: int
    image_shape: tuple[int, int, int]
    binarization: str
    seed: int
    likelihood: Likelihood | None
    pixels: Pixels
    posterior: Posterior | None
    probes: tuple[Probe, ...] = ()
    groups: tuple[Group, ...] = ()
    samples: dict[str, SampleQuality] = field(default_factory=dict)
    unmeasured: tuple[str, ...] = ()
    command: str | None = None
    versions: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values; values that are not finite become None.

        `tables` (heading → label → value, as text, without the linear probes) and `notes` are what
        the model card shows.
        """
        tables = sections(replace(self, probes=()))
        tables.pop("")
        values = {**asdict(self), "tables": tables, "notes": notes(self)}
        return json.loads(json.dumps(values), parse_constant=lambda name: None)
