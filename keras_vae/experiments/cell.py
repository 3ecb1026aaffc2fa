"""A cell of an experiment: one model, and what is measured of it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cache, cached_property
from itertools import product
from typing import Any, ClassVar, TypeAlias

from ..inference.registry import load
from ..inference.saved_model import SavedModel
from ..presets import Objective, Preset, get_preset
from ..training.run_directory import read_json

TRAINING_IMAGES = {"celeba": 162_770, "frey": 1_572, "digits": 1_439}

# Numbers of the objective that were no part of a hash in version 0.1: see `fingerprint`.
OBJECTIVE = {
    "likelihood": None,
    "variance": 1.0,
    "weight": 1.0,
    "beta": 1.0,
    "annealing": "constant",
    "annealing_steps": 0,
    "free_bits": 0.0,
    "importance_samples": 1,
    "perceptual_weight": 0.0,
    "distillation_weight": 0.0,
    "mmd_weight": 0.0,
}

Scalar = str | int | float | bool | None


# Measured on one core beside dense networks of 90 GFLOP/s (docs/decisions/0009): the loss and its
# gradient take as long as so many operations for each pixel, a cell's start as long as so many.
PIXEL = 1_500
START = 300e9


@dataclass(frozen=True)
class Training:
    """A model to train, and what is measured of it.

    Attributes:
        preset: Name of the preset.
        overrides: Changes of the preset, as `Preset.override` takes them.
        seed: Seed of weights, order and noise; the split of the data is the same for all seeds.
        dataset: Name of the data set; None for the preset's.
        limit: Maximum number of training images; None for all.
        tolerance: Training stops when an epoch changes the loss by less; None: never.
        watch: Split that is measured after each epoch, for curves; None: none.
        measures: Keys of `measures.MEASURES`, in the order of the columns.
    """

    preset: str
    overrides: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    dataset: str | None = None
    limit: int | None = None
    tolerance: float | None = None
    watch: str | None = None
    measures: tuple[str, ...] = ("losses",)

    @property
    def resolved(self) -> Preset:
        """The preset with its overrides."""
        return get_preset(self.preset).override(**self.overrides)

    @property
    def data(self) -> str:
        """Name of the data set."""
        return self.dataset or self.resolved.dataset

    @property
    def key(self) -> str:
        """Readable name of the cell's files, with a hash of all numbers of the training."""
        numbers = {
            **_beyond_defaults(replace(self, overrides={})),
            "preset": fingerprint(get_preset(self.preset), self.overrides),
            "dataset": self.data,
        }
        del numbers["overrides"]
        digest = hashlib.sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest()
        changes = (f"{name}-{plain(value)}" for name, value in self.overrides.items())
        return "_".join([self.preset, *changes, f"seed-{self.seed}", digest[:8]])

    @property
    def work(self) -> float:
        """See `training_work`."""
        return training_work(self.resolved, images_of(self))

    def settings(self) -> dict[str, Scalar]:
        """The settings of the cell, as columns of a table; what is not set is left out."""
        columns = {
            "preset": self.preset,
            "dataset": self.data,
            "limit": self.limit,
            "tolerance": self.tolerance,
            **{name: plain(value) for name, value in self.overrides.items()},
            "seed": self.seed,
        }
        return {name: value for name, value in columns.items() if value is not None}

    def override(self, **changes: Any) -> Training:
        """Return the cell with more of its preset changed; None leaves a field unchanged."""
        given = {name: value for name, value in changes.items() if value is not None}
        return replace(self, overrides={**self.overrides, **given})


@dataclass(frozen=True)
class Study:
    """A trained model, and what is measured of it.

    Attributes:
        model: Name or path of the model, as `inference.load` takes it.
        measures: Keys of `measures.MEASURES`, in the order of the columns.
        limit: None: it is measured on all images.
    """

    model: str
    measures: tuple[str, ...]

    limit: ClassVar[None] = None

    @cached_property
    def served(self) -> SavedModel:
        """The model."""
        return load(self.model, runtime="tensorflow")

    @property
    def resolved(self) -> Preset:
        """The preset that the model was trained with."""
        return self.served.preset

    @property
    def data(self) -> str:
        """Name of the data set that the model was trained on."""
        return self.resolved.dataset

    @property
    def key(self) -> str:
        """Readable name, with a hash of measures, weights, and the evaluation where it is read."""
        digest = hashlib.sha256(json.dumps(self.measures).encode())
        for file in sorted(self.served.path.glob("variables/variables.data-*")):
            digest.update(file.read_bytes())
        if "card" in self.measures:
            digest.update(json.dumps(evaluation_of(self.served)).encode())
        return f"{self.served.name}_study_{digest.hexdigest()[:8]}"

    @property
    def work(self) -> float:
        """See `training_work`; every image is encoded once."""
        return START + 2 * _multiply_adds(self.resolved) * images_of(self)

    def settings(self) -> dict[str, Scalar]:
        """The settings of the cell, as columns of a table."""
        return {"model": self.served.name, "dataset": self.data}

    def override(self, **changes: Any) -> Study:
        """Return the cell unchanged: its model is trained already."""
        return self


Cell: TypeAlias = Training | Study


def images_of(cell: Cell) -> int:
    """Number of training images, estimated without opening the data set."""
    return cell.limit or TRAINING_IMAGES.get(cell.data, 55_000)


def evaluation_of(model: SavedModel) -> dict[str, float]:
    """The numbers of a study that `kvae evaluate --card` wrote beside the model."""
    known = read_json(model.path / "assets.extra" / "evaluation.json")
    likelihood = known["likelihood"]
    return {
        "nll": likelihood["nll"],
        "nll_error": likelihood["nll_error"],
        "draws": likelihood["importance_samples"],
        "test_mse_of_mean": known["pixels"]["mse"],
    }


def fingerprint(base: Preset, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a cell's hash that comes from its preset, in the flat form of version 0.1.

    The names of finished cells contain this hash, so its form never changes: `network`, `objective`
    and the numbers of the training, without those that equal the defaults of version 0.1. In the
    objective, a number stays where an override chooses a kind that has no such number; of a term
    each number is there that is not its default. `source` is empty: a preset's wording changes no
    numbers.

    Args:
        base: The preset before its overrides.
        overrides: See `Training`.
    """
    preset = base.override(**overrides)
    numbers = _beyond_defaults(replace(preset, source=""))
    kinds = {name: numbers.pop(name) for name in ("posterior", "prior", "objective")}
    if "scale" in kinds["posterior"]:
        numbers["posterior_scale"] = preset.posterior.scale
    if not preset.stochastic:
        numbers["stochastic"] = False
    if preset.prior.kind != "standard_normal":
        numbers["prior"] = {"kind": preset.prior.kind, **kinds["prior"]}
    flat = {
        **_flat(base.objective),
        **{name: value for name, value in overrides.items() if name in OBJECTIVE},
        **_of_terms(preset.objective),
    }
    objective = {name: value for name, value in flat.items() if value != OBJECTIVE.get(name)}
    return {**numbers, "objective": objective}


def _flat(objective: Objective) -> dict[str, Any]:
    """The numbers of likelihood and bound by their names of version 0.1."""
    bound = objective.bound
    return {
        "likelihood": objective.likelihood.kind,
        **objective.likelihood.values(),
        "beta": bound.beta,
        "free_bits": bound.free_bits,
        "annealing": bound.annealing.kind,
        "annealing_steps": getattr(bound.annealing, "steps", 0),
        "importance_samples": bound.samples,
    }


def _of_terms(objective: Objective) -> dict[str, Any]:
    """The numbers of the further terms, by the names that `Preset.override` takes."""
    return {
        term.argument(name): value
        for term in objective.terms
        for name, value in _beyond_defaults(term).items()
    }


def _beyond_defaults(value: Any) -> Any:
    """The fields of a data class that differ from their defaults: a new field changes no key."""
    if is_dataclass(value):
        parts = {item.name: (item.default, getattr(value, item.name)) for item in fields(value)}
        return {
            name: _beyond_defaults(part)
            for name, (default, part) in parts.items()
            if part != default or name == "filters"  # which had no default in version 0.1
        }
    return [_beyond_defaults(part) for part in value] if isinstance(value, list | tuple) else value


def expand(entry: Mapping[str, Any]) -> list[Cell]:
    """The cells of an entry of `experiments.toml`.

    Args:
        entry: Arguments of `Study`, or of `Training` with `grid`, overrides of which each
            combination makes a cell, and `seeds`.
    """
    entry = {**entry, "measures": tuple(entry.get("measures", ("losses",)))}
    if "model" in entry:
        return [Study(**entry)]
    grid, shared = entry.pop("grid", {}), entry.pop("overrides", {})
    seeds = entry.pop("seeds", (0,))
    return [
        Training(overrides={**dict(zip(grid, values, strict=True)), **shared}, seed=seed, **entry)
        for values in product(*grid.values())
        for seed in seeds
    ]


def plain(value: Any) -> Scalar:
    """Write a tuple as one text, such as 512-256, for tables and file names."""
    return "-".join(map(str, value)) if isinstance(value, list | tuple) else value


def training_work(preset: Preset, images: int) -> float:
    """Estimate the operations of a training, forwards and backwards.

    Args:
        preset: Network, image size and epochs.
        images: Images in an epoch.

    Returns:
        Floating-point operations, or what takes as long; only ratios matter.
    """
    for_image = 6 * _multiply_adds(preset) + PIXEL * math.prod(preset.image_shape)
    return START + for_image * images * preset.epochs


@cache
def _multiply_adds(preset: Preset) -> int:
    return preset.network.build(preset).multiply_adds()
