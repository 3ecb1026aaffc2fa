"""All measurements of a model on a split."""

from __future__ import annotations

import hashlib
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from .. import __version__
from ..choices import BINARIZATIONS
from ..datasets import ImageDataset
from ..datasets.splits import SPLITS
from ..files.progress import Stages, parts_of, silent
from ..inference.saved_model import SavedModel
from ..latent_space.arithmetic import kl_per_dimension
from ..latent_space.probes import Probe, linear_probes
from ..presets.configuration import Ranged
from ..presets.ranges import Count, OneOf, Whole
from .checkpoint import Checkpoint
from .groups import errors_by_group, group_images
from .likelihood import Likelihood, sample_weights, summarize
from .pixels import measure_pixels, squared_errors
from .posterior import measure_posterior
from .report import Evaluation
from .samples import FEWEST_IMAGES, SampleQuality, compare_features

if TYPE_CHECKING:
    from .extractors import Extractor

PRIORS = {"normal": "N(0, I)", "gmm": "Gaussian mixture"}  # as in `Model.sample`
WEIGHTED_SAMPLES = 10  # samples of z for a weighted loss, of which only the mean is needed


@dataclass(frozen=True)
class Settings(Ranged):
    """What to measure.

    Attributes:
        split: "train", "validation" or "test".
        limit: The most images, chosen at random; None takes all.
        importance_samples: Samples of z per image.
        binarization: See `datasets.binarization.binarize`; None: as the model was trained.
        seed: Seed of the choice of images, of the binarization and of all samples.
        by: Attributes, or "label", by which errors are grouped.
        probes: Whether to fit linear probes, for which the training split is encoded.
        samples: Images to generate for FID and KID; 0 measures neither; None generates as many as
            there are measured images, or measures neither if that is not possible.
        features: A saved feature extractor for FID and KID.

    Raises:
        ValueError: If a value is out of its range.

    Example:
        >>> Settings(limit=1_000, importance_samples=500).split
        'test'
    """

    split: Annotated[str, OneOf(tuple(SPLITS))] = "test"
    limit: Count | None = None
    importance_samples: Count = 5_000
    binarization: Annotated[str, OneOf(BINARIZATIONS)] | None = None
    seed: Whole = 0
    by: tuple[str, ...] = ()
    probes: bool = True
    samples: Whole | None = 0
    features: Path | None = None


def evaluate(
    model: SavedModel,
    dataset: ImageDataset,
    settings: Settings = Settings(),
    *,
    command: str | None = None,
    checkpoint: Path | None = None,
    stages: Stages = silent,
) -> Evaluation:
    """Measure a model.

    Args:
        model: An exported model.
        dataset: Images of the model's size, split as for the model's training.
        settings: What to measure.
        command: The command line, for the report.
        checkpoint: An .npz file of importance weights, from which an interrupted evaluation
            resumes; it is removed at the end.
        stages: Makes a progress bar for each stage.

    Raises:
        ValueError: If the split has no images, or `samples` are asked for and too few images or no
            feature extractor are there; a setting is unknown; or the model was exported without
            the endpoint `log_likelihood`.
        ConnectionError: If `samples` are asked for and InceptionV3 cannot be downloaded.

    Example:
        >>> model = keras_vae.load("mnist", runtime="tensorflow")
        >>> result = evaluate(model, load_dataset("mnist"), Settings(limit=1_000))
        >>> result.likelihood.nll  # nats per image
    """
    started = time.monotonic()
    check_model(model)
    work = _Measurement(model, dataset, settings, stages)
    groups = group_images(dataset, work.rows, settings.by)
    posterior = work.encode(work.rows)
    reconstructions = work.staged("Decoding", model.decode, posterior[0])
    file = Checkpoint(checkpoint, work.key(), started)
    stochastic = model.preset.stochastic
    evaluation = Evaluation(
        model=model.name,
        version=model.version,
        data=dataset.provenance.get("title") or dataset.name,
        split=settings.split,
        split_rule=dataset.provenance.get("split"),
        images=len(work.rows),
        image_shape=model.image_shape,
        binarization=work.binarization,
        seed=settings.seed,
        likelihood=work.likelihood(posterior, file) if stochastic else None,
        pixels=measure_pixels(work.images, reconstructions),
        posterior=(
            measure_posterior(*posterior, model.preset, seed=settings.seed) if stochastic else None
        ),
        probes=work.probes(posterior[0]),
        groups=errors_by_group(squared_errors(work.images, reconstructions), groups),
        samples=work.samples(reconstructions),
        unmeasured=tuple(work.unmeasured),
        command=command,
        versions=versions(),
        seconds=round(file.seconds, 1),
    )
    file.remove()
    return evaluation


def versions() -> dict[str, str]:
    """Return the versions of the software, without importing it."""
    packages = ("tensorflow", "numpy", "scikit-learn")
    installed = {package: metadata.version(package) for package in packages}
    return {"keras_vae": __version__, **installed, "python": platform.python_version()}


def check_model(model: SavedModel) -> None:
    """Refuse a model that cannot be measured; cheap, to call before long work.

    Raises:
        ValueError: If it is conditional, does not name its preset, or is variational and was
            exported without the endpoint `log_likelihood`.

    Example:
        >>> check_model(keras_vae.load("mnist", runtime="tensorflow"))

    Args:
        model: An exported model.
    """
    if model.is_conditional:
        raise ValueError(
            f"Model {model.name!r} is conditional, and only models without a condition can be "
            "measured. Its losses are in its card."
        )
    if model.preset.stochastic and "log_likelihood" not in model.endpoints:
        raise ValueError(
            f"Model {model.name!r} was exported without the endpoint log_likelihood, by an earlier "
            "version. Export its run again."
        )


class _Measurement:
    """An evaluated model and its images.

    Attributes:
        dataset: The data set with its grey levels.
        seen: The data set as the model sees it, which may be binarized.
        rows: The images that are measured, ascending, [N].
        images: The same as the model sees them, uint8 [N, H, W, C].
        extractor: Feature extractor for FID and KID; None if they are not measured.
        unmeasured: What is not measured, and why.
    """

    def __init__(
        self, model: SavedModel, dataset: ImageDataset, settings: Settings, stages: Stages
    ) -> None:
        self.model, self.dataset, self.settings, self.stages = model, dataset, settings, stages
        self.rows = dataset.choose(settings.split, settings.limit, settings.seed)
        self.unmeasured: list[str] = []
        self.extractor = None if settings.samples == 0 else self._find_extractor()
        self.binarization = settings.binarization or model.preset.binarization
        self.seen = dataset.binarized(self.binarization, settings.seed)
        self.images = np.asarray(self.seen.images[self.rows])

    def staged(self, stage: str, measure: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Call a function, and show its progress as a stage."""
        with self.stages(stage) as progress:
            return measure(*arguments, **named, progress=progress)

    def encode(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return z_mean and z_log_var of rows of the data set, [N, L]."""
        return self.staged("Encoding", self.model.encode_rows, self.seen, rows)

    def key(self) -> str:
        """Hash everything that the importance weights depend on."""
        sha = hashlib.sha256()
        for file in sorted((self.model.path / "variables").glob("variables.data-*")):
            sha.update(file.read_bytes())
        for array in (self.rows, self.images):
            sha.update(np.ascontiguousarray(array))
        sha.update(f"{self.settings.importance_samples} {self.settings.seed}".encode())
        return sha.hexdigest()

    def likelihood(self, posterior: tuple[np.ndarray, np.ndarray], file: Checkpoint) -> Likelihood:
        """Measure −ELBO and −log p(x), or the weighted loss."""
        preset = replace(self.model.preset, binarization=self.binarization)
        samples = self.settings.importance_samples
        if preset.likelihood_kind is None:
            samples = min(samples, WEIGHTED_SAMPLES)
        with self.stages("Importance sampling") as progress:
            weights = sample_weights(
                self.model,
                self.images,
                posterior,
                samples,
                seed=self.settings.seed,
                keys=self.rows,
                checkpoint=file,
                progress=progress,
            )
        return summarize(weights, kl_per_dimension(*posterior).sum(axis=1), samples, preset)

    def probes(self, z_mean: np.ndarray) -> tuple[Probe, ...]:
        """Fit linear probes of the attributes to the training split."""
        train, attributes = self.seen.indices("train"), self.seen.attributes
        if not self.settings.probes or attributes is None:
            return ()
        if not len(train):
            self.unmeasured.append(
                f"Linear probes were not fitted: {self.dataset.name!r} has no training images."
            )
            return ()
        fitted_to = self.encode(train)[0], attributes[train]
        measured_on = z_mean, attributes[self.rows]
        names = self.seen.attribute_names
        return tuple(self.staged("Probing", linear_probes, fitted_to, measured_on, names))

    def samples(self, reconstructions: np.ndarray) -> dict[str, SampleQuality]:
        """Measure FID and KID of reconstructions and of samples from each prior.

        Real images keep their grey levels, since the decoder of a binarized model returns grey
        images.
        """
        if self.extractor is None:
            return {}
        count = self.settings.samples or len(self.rows)
        sets = {"reconstructions": reconstructions}
        seeds = range(self.settings.seed, self.settings.seed + count)
        for prior, name in PRIORS.items():
            if self.model.has_prior(prior):
                stage = f"Generating, {name}"
                sets[name], _ = self.staged(stage, self.model.sample, seeds, prior=prior)
        return self._compare(sets, np.asarray(self.dataset.images[self.rows]))

    def _find_extractor(self) -> Extractor | None:
        """Find the feature extractor before anything is measured, since it may be missing."""
        from .extractors import find_extractor

        stage, features = "Training a feature extractor", self.settings.features
        try:
            if len(self.rows) < FEWEST_IMAGES:
                other = "Choose another split" if self.settings.limit is None else "Raise `limit`"
                raise ValueError(
                    f"FID and KID need at least {FEWEST_IMAGES} images of the split. "
                    f"Received: {len(self.rows)}. {other}, or set `samples` to 0."
                )
            return self.staged(stage, find_extractor, self.dataset, features)
        except (ValueError, ConnectionError) as error:
            if self.settings.samples is not None or features is not None:
                raise
            self.unmeasured.append(f"FID and KID were not measured. {error}")
            return None

    def _compare(self, sets: dict[str, np.ndarray], real: np.ndarray) -> dict[str, SampleQuality]:
        extractor = self.extractor
        with self.stages("FID and KID") as progress:
            parts = parts_of(progress, [len(real), *map(len, sets.values())])
            of_real = extractor(real, progress=next(parts))
            return {
                name: compare_features(extractor(images, progress=part), of_real, extractor)
                for (name, images), part in zip(sets.items(), parts, strict=True)
            }
