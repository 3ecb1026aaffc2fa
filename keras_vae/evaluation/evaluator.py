"""Every measurement of a model on a split, one after the other."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import __version__
from ..datasets import ImageDataset
from ..datasets.source import Progress
from ..inference.registry import SavedModel
from ..latent_space.arithmetic import kl_per_dimension
from ..latent_space.probes import Probe, linear_probes
from .checkpoint import Checkpoint, digest
from .groups import errors_by_group, group_images
from .likelihood import Likelihood, sample_weights, summarize
from .pixels import measure_pixels, squared_errors
from .posterior import measure_posterior
from .report import Evaluation
from .samples import FEWEST_IMAGES, SampleQuality, compare_features

if TYPE_CHECKING:
    from .extractors import Extractor

# A stage of the work: its name → a context that yields a callback (done, total).
Stages = Callable[[str], AbstractContextManager[Progress | None]]

PRIORS = {"normal": "N(0, I)", "gmm": "Gaussian mixture"}  # as in `SavedModel.generate`
WEIGHTED_DRAWS = 10  # for a cost without a unit, whose mean is all that is wanted


@dataclass(frozen=True)
class Settings:
    """What to measure, and how.

    Attributes:
        split: "train", "validation" or "test".
        limit: The most images, chosen at random; None takes all.
        importance_samples: Draws of z for each image.
        binarization: See `datasets.binarization.binarize`; None takes what the model was trained
            with.
        seed: Of the limit's choice, of binarisation and of all draws.
        by: Attributes, or "label", by which errors are grouped.
        probes: Whether linear probes are fitted, for which the training split is encoded.
        samples: Images to generate for FID and KID; 0 leaves them out, None takes as many as are
            measured.
        features: A saved feature extractor for them.
        cache_dir: Where classifiers that serve as one are kept; see `datasets.load_dataset`.
    """

    split: str = "test"
    limit: int | None = None
    importance_samples: int = 5_000
    binarization: str | None = None
    seed: int = 0
    by: tuple[str, ...] = ()
    probes: bool = True
    samples: int | None = 0
    features: Path | None = None
    cache_dir: Path | None = None


def evaluate(
    model: SavedModel,
    dataset: ImageDataset,
    settings: Settings = Settings(),
    *,
    command: str | None = None,
    checkpoint: Path | None = None,
    stages: Stages = lambda name: nullcontext(),
) -> Evaluation:
    """Measure a model.

    Args:
        model: What `export` wrote.
        dataset: Images of the model's size, in the split that it was trained with.
        settings: What to measure.
        command: What was typed, for the report.
        checkpoint: An .npz file that keeps importance weights against a kill; it is removed when
            the evaluation is done.
        stages: Makes a progress bar for each stage.

    Raises:
        ValueError: If there are too few images, a setting is unknown, or the model was exported
            without the endpoint `log_likelihood`.
    """
    started = time.monotonic()
    check_model(model)
    subject = _Subject.choose(model, dataset, settings)
    groups = group_images(dataset, subject.rows, settings.by)
    posterior = subject.encode(subject.rows, stages)
    reconstructions = subject.decode(posterior[0], stages)
    file = Checkpoint(checkpoint, subject.key())
    likelihood = health = None
    if model.preset.stochastic:
        likelihood = subject.likelihood(posterior, file, stages)
        health = measure_posterior(*posterior, model.preset, seed=settings.seed)
    evaluation = Evaluation(
        model=model.name,
        version=model.version,
        data=dataset.provenance.get("title") or dataset.name,
        split=settings.split,
        split_rule=dataset.provenance.get("split"),
        images=len(subject.rows),
        image_shape=model.image_shape,
        binarization=subject.binarization,
        seed=settings.seed,
        likelihood=likelihood,
        pixels=measure_pixels(subject.images, reconstructions),
        posterior=health,
        probes=subject.probes(posterior[0], stages),
        groups=errors_by_group(squared_errors(subject.images, reconstructions), groups),
        samples=subject.samples(reconstructions, stages),
        command=command,
        versions=versions(),
        seconds=round(file.spent + time.monotonic() - started, 1),
    )
    file.remove()
    return evaluation


def versions() -> dict[str, str]:
    """The versions of what measured, read without importing any of it."""
    measured_with = ("tensorflow", "numpy", "scikit-learn")
    return {
        "keras_vae": __version__,
        **{package: metadata.version(package) for package in measured_with},
        "python": platform.python_version(),
    }


def check_model(model: SavedModel) -> None:
    """Refuse a model that cannot be measured: worth asking before long work.

    Raises:
        ValueError: If it does not tell its preset, or was exported without the endpoint
            `log_likelihood`, which a variational one needs.
    """
    if not model.preset.stochastic:
        return
    try:
        model.endpoint("log_likelihood")
    except ValueError as error:
        raise ValueError(
            f"Model {model.name!r} was exported without the endpoint log_likelihood, by an earlier "
            "version. Export it again: `kvae export RUN`."
        ) from error


@dataclass(frozen=True)
class _Subject:
    """A model and what it is measured on.

    Attributes:
        grey: The data set as it is.
        seen: The data set as the model sees it: binarised, if that was asked for.
        rows: Which images are measured, ascending, [N].
        images: They, as the model sees them, uint8 [N, H, W, C].
    """

    model: SavedModel
    settings: Settings
    binarization: str
    grey: ImageDataset
    seen: ImageDataset
    rows: np.ndarray
    images: np.ndarray

    @classmethod
    def choose(cls, model: SavedModel, dataset: ImageDataset, settings: Settings) -> _Subject:
        """Binarise the data set, and choose among the split's images."""
        rows = dataset.choose(settings.split, settings.limit, settings.seed)
        if settings.samples != 0 and len(rows) < FEWEST_IMAGES:
            raise ValueError(
                f"FID and KID need at least {FEWEST_IMAGES} images of the split. "
                f"Received: {len(rows)}. Measure more, or use --no-samples."
            )
        how = settings.binarization or model.preset.binarization
        seen = dataset.binarized(how, settings.seed)
        return cls(model, settings, how, dataset, seen, rows, np.asarray(seen.images[rows]))

    def encode(self, rows: np.ndarray, stages: Stages) -> tuple[np.ndarray, np.ndarray]:
        """z_mean and z_log_var of rows of the data set, [N, L]."""
        with stages("Encoding") as progress:
            return self.model.encode_rows(self.seen, rows, progress=progress)

    def decode(self, z: np.ndarray, stages: Stages) -> np.ndarray:
        """Reconstructions, uint8 [N, H, W, C]."""
        with stages("Decoding") as progress:
            return self.model.decode(z, progress=progress)

    def key(self) -> str:
        """A hash of all that the importance weights follow from."""
        settings = f"{self.settings.importance_samples} {self.settings.seed}"
        weights = sorted((self.model.path / "variables").glob("variables.data-*"))
        parts = [file.read_bytes() for file in weights]
        return digest(*parts, self.rows, self.images, settings.encode())

    def likelihood(
        self, posterior: tuple[np.ndarray, np.ndarray], file: Checkpoint, stages: Stages
    ) -> Likelihood:
        """−ELBO and −log p(x), or the weighted loss."""
        preset = self.model.preset
        draws = self.settings.importance_samples
        if preset.likelihood_kind is None:
            draws = min(draws, WEIGHTED_DRAWS)
        with stages("Importance sampling") as progress:
            weights = sample_weights(
                self.model,
                self.images,
                posterior,
                draws,
                seed=self.settings.seed,
                keys=self.rows,
                checkpoint=file,
                progress=progress,
            )
        return summarize(weights, kl_per_dimension(*posterior).sum(axis=1), draws, preset)

    def probes(self, z_mean: np.ndarray, stages: Stages) -> tuple[Probe, ...]:
        """Linear probes of the attributes, fitted to the training split."""
        train, attributes = self.seen.indices("train"), self.seen.attributes
        if not self.settings.probes or attributes is None or not len(train):
            return ()
        fit_on = self.encode(train, stages)[0], attributes[train]
        with stages("Probing") as progress:
            measured_on = z_mean, attributes[self.rows]
            names = self.seen.attribute_names
            return tuple(linear_probes(fit_on, measured_on, names, progress=progress))

    def samples(self, reconstructions: np.ndarray, stages: Stages) -> dict[str, SampleQuality]:
        """FID and KID of reconstructions and of draws from each prior.

        Against the grey images, since the decoder of a binarised model gives grey ones as well.
        """
        count = len(self.rows) if self.settings.samples is None else self.settings.samples
        if not count:
            return {}
        sets = {"reconstructions": reconstructions}
        seeds = range(self.settings.seed, self.settings.seed + count)
        for prior, name in PRIORS.items():
            if self.model.has_prior(prior):
                with stages(f"Generating, {name}") as progress:
                    sets[name], _ = self.model.generate(seeds, prior=prior, progress=progress)
        return self._compare(sets, np.asarray(self.grey.images[self.rows]), stages)

    def _compare(
        self, sets: dict[str, np.ndarray], real: np.ndarray, stages: Stages
    ) -> dict[str, SampleQuality]:
        """FID and KID of sets of images against real ones; the progress is that of the features."""
        extractor = self._extractor(stages)
        with stages("FID and KID") as progress:
            parts = _parts_of(progress, [len(real), *map(len, sets.values())])
            of_real = extractor(real, progress=next(parts))
            return {
                name: compare_features(extractor(images, progress=part), of_real, extractor)
                for (name, images), part in zip(sets.items(), parts, strict=True)
            }

    def _extractor(self, stages: Stages) -> Extractor:
        from .extractors import find_extractor

        with stages("Training a feature extractor") as progress:
            return find_extractor(
                self.model.image_shape,
                features=self.settings.features,
                dataset=self.grey,
                cache_dir=self.settings.cache_dir,
                progress=progress,
            )


def _parts_of(progress: Progress | None, sizes: Sequence[int]) -> Iterator[Progress | None]:
    """Split a progress into those of parts that are done one after the other."""
    start, total = 0, sum(sizes)
    for size in sizes:
        yield progress and (lambda done, _, start=start: progress(start + done, total))
        start += size
