"""A SavedModel that kvae exported, of any kind: its facts and its endpoints.

No Keras model class is needed. TensorFlow is imported when an endpoint is first called: reading a
model's facts does not import it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from ..choices import RESAMPLINGS
from ..files.exported import METADATA, InvalidFacts, read_metadata
from ..files.limits import MAX_PIXELS
from ..files.naming import first_line, printable, short
from ..files.photos import resampling_of
from ..files.shapes import ANY
from ..files.versions import version_number
from .endpoints import TensorSpec, TensorSpecs, check_endpoint, reason, results_of, tensors_of

AUTOENCODER, UPSCALER = "autoencoder", "upscaler"

MAX_CHANNELS, MAX_LATENT_DIM = 64, 1_000_000
MAX_FACTOR, MAX_REACH = 64, 4096

# kind → noun, and a command that uses such a model
KINDS = {
    AUTOENCODER: ("an autoencoder", "kvae generate --model {name}"),
    UPSCALER: ("an upscaler", "kvae upscale IMG --model {name}"),
}


@dataclass(frozen=True, repr=False)
class ExportedModel:
    """A SavedModel with a `model.json`.

    Attributes:
        needs_tensorflow: Whether it runs with TensorFlow, rather than LiteRT.
        kind: One of `KINDS`; each subclass opens models of its own kind only.
        path: The folder of the version.
        metadata: The contents of `assets.extra/model.json`.
    """

    kind: ClassVar[str]
    needs_tensorflow: ClassVar[bool] = True
    path: Path
    metadata: Mapping[str, Any]

    @classmethod
    def open(cls, path: str | Path, asked_for: str | Path | None = None) -> Self:
        """Open the folder of a version.

        Args:
            path: The folder.
            asked_for: The name or path that led to it, for the error; None: the folder.

        Raises:
            ValueError: If it is not a SavedModel that kvae exported, or one of another kind.
        """
        opened = cls(Path(path), read_facts(Path(path)))
        if (kind := kind_of(opened.metadata)) != cls.kind:
            noun, command = KINDS[kind]
            raise ValueError(
                f"{opened.name!r} is {noun}, not {KINDS[cls.kind][0]}. "
                f"Use it as in: {command.format(name=shlex.quote(str(asked_for or path)))}"
            )
        return opened

    @property
    def name(self) -> str:
        """Name of the folder that holds the versions; of a model in the hub's cache, USER/MODEL."""
        folder = self.path.resolve().parent
        return cached_repository(folder) or folder.name

    @property
    def version(self) -> int:
        """Number of the version.

        Raises:
            ValueError: If the folder's name is no number.
        """
        return version_number(self.path)

    @property
    def card(self) -> Path:
        """Path of the model card, beside the versions; the file may be missing."""
        return self.path.resolve().parent / "README.md"

    @cached_property
    def endpoints(self) -> Mapping[str, TensorSpecs]:
        """What the inputs of each endpoint must be, by their names.

        Raises:
            ValueError: If `model.json` is that of another model.
        """
        signatures = self._model.signatures.items()
        endpoints = {name: _specs(each.structured_input_signature[1]) for name, each in signatures}
        outputs = {name: _specs(each.structured_outputs) for name, each in signatures}
        with _named_facts(self.path):
            check_endpoints(self.metadata, endpoints, outputs)
        return endpoints

    def check_network(self, shapes: Mapping[str, Sequence[int]], network: str) -> None:
        """Check that `model.json` is that of a network; see `check_shapes`.

        Raises:
            ValueError: If it is not; the message names the file.
        """
        with _named_facts(self.path):
            check_shapes(self.metadata, shapes, network)

    def endpoint(self, signature: str) -> Callable[..., dict[str, Any]]:
        """Look up an endpoint: a TensorFlow function of tensors, for use within another.

        Raises:
            ValueError: If there is no endpoint of that name; the message lists similar names.
        """
        check_endpoint(signature, self.endpoints)
        return self._model.signatures[signature]

    def _run(self, signature: str, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        import tensorflow as tf

        endpoint = self.endpoint(signature)
        specs = endpoint.structured_input_signature[1]
        tensors = {name: tf.constant(value, specs[name].dtype) for name, value in inputs.items()}
        try:
            outputs = endpoint(**tensors)
        except tf.errors.InvalidArgumentError as error:
            raise ValueError(reason(error.message)) from error
        return {name: value.numpy() for name, value in outputs.items()}

    @cached_property
    def _model(self) -> Any:
        import tensorflow as tf

        try:
            return tf.saved_model.load(str(self.path))
        except Exception as error:  # TensorFlow has an error of its own for each kind of damage
            raise ValueError(
                f"{self.path} is not a SavedModel that TensorFlow can load: {first_line(error)}"
            ) from error


def _specs(tensors: Mapping[str, Any]) -> dict[str, TensorSpec]:
    """Describe tensors of TensorFlow."""

    def spec(tensor: Any) -> TensorSpec:
        sides = () if tensor.shape.rank is None else tensor.shape
        shape = tuple(ANY if side is None else side for side in sides)
        return TensorSpec(np.dtype(tensor.dtype.as_numpy_dtype), shape)

    return {name: spec(tensor) for name, tensor in tensors.items()}


def cached_repository(folder: Path) -> str | None:
    """Return USER/MODEL of a folder models--USER--MODEL/snapshots/COMMIT, the hub's cache."""
    found = re.fullmatch(r"models--(.+)--(.+)", folder.parent.parent.name)
    return "/".join(found.groups()) if found and folder.parent.name == "snapshots" else None


def lite_folder(version: Path) -> Path:
    """Return the folder of a version that has its networks for LiteRT; it may be missing."""
    return version / "assets.extra" / "lite"


def read_facts(path: Path) -> dict[str, Any]:
    """Read and check the `model.json` in the folder of a version.

    Raises:
        ValueError: If it cannot be read, or states what no model has; the message names the file.
    """
    facts = read_metadata(path)
    with _named_facts(path):
        check_facts(facts, kind_of(facts))
    return facts


@contextmanager
def _named_facts(version: Path) -> Iterator[None]:
    """Name the file in the error of its facts."""
    try:
        yield
    except InvalidFacts as error:
        raise ValueError(f"{printable(version / METADATA)}: {error}") from error


def kind_of(metadata: Mapping[str, Any]) -> str:
    """Look up the kind of a model; the `model.json` of an autoencoder may leave it out.

    Raises:
        InvalidFacts: If the kind is unknown.
    """
    kind = metadata.get("kind", AUTOENCODER)
    if not isinstance(kind, str) or kind not in KINDS:
        raise InvalidFacts(f"`kind` must be one of {', '.join(KINDS)}. Received: {short(kind)}.")
    return kind


def check_facts(facts: Mapping[str, Any], kind: str) -> None:
    """Check the facts of a `model.json` that anything depends on: sizes in memory, names, numbers.

    Raises:
        InvalidFacts: If one is missing, of another type, or too large.
    """
    if kind == UPSCALER:
        _check_integer(facts, "factor", 1, MAX_FACTOR)
        _check_integer(facts, "reach", 0, MAX_REACH)
        return
    shape = facts.get("image_shape")
    is_shape = isinstance(shape, (list, tuple)) and len(shape) == 3
    if not is_shape or not all(_is_integer(side) and side > 0 for side in shape):
        raise InvalidFacts(
            f"`image_shape` must be [height, width, channels]. Received: {short(shape)}."
        )
    if shape[0] * shape[1] > MAX_PIXELS or shape[2] > MAX_CHANNELS:
        raise InvalidFacts(
            f"`image_shape` must have at most {MAX_PIXELS:,} pixels of {MAX_CHANNELS} channels. "
            f"Received: {short(shape)}."
        )
    if facts.get("latent_dim", ...) is not None:  # None: z is not a vector
        _check_integer(facts, "latent_dim", 1, MAX_LATENT_DIM)
    known = {name: value for name, value in facts.items() if value is not None}
    texts = {name: facts.get(name, []) for name in ("attribute_names", "priors")}
    for name, values in {**texts, "labels": known.get("labels", [])}.items():
        _check_list(name, values, "names", lambda each: isinstance(each, str))
    probes = known.get("attribute_probes", [])
    _check_list("attribute_probes", probes, "probes, each with an `auc`", _is_probe)
    _check_list("kl_per_dimension", known.get("kl_per_dimension", []), "numbers", _is_number)
    _check_length(facts)
    for name in {"data", "preset", "condition"} & known.keys():
        if not isinstance(known[name], dict):
            raise InvalidFacts(f"`{name}` must be a JSON object. Received: {short(known[name])}.")
    if (resampling := resampling_of(facts)) not in RESAMPLINGS:
        raise InvalidFacts(
            f"`preset` must have the resampling {' or '.join(RESAMPLINGS)}. "
            f"Received: {short(resampling)}."
        )


def _check_list(name: str, values: object, what: str, is_one: Callable[[Any], bool]) -> None:
    if not isinstance(values, list) or not all(map(is_one, values)):
        raise InvalidFacts(f"`{name}` must be a list of {what}. Received: {short(values)}.")


def _check_length(facts: Mapping[str, Any]) -> None:
    """Check that there is a KL of every dimension, or of none."""
    nats, latent_dim = facts.get("kl_per_dimension"), facts["latent_dim"]
    if nats is not None and latent_dim is not None and len(nats) != latent_dim:
        raise InvalidFacts(
            f"`kl_per_dimension` must have {latent_dim} numbers, as `latent_dim`. "
            f"Received: {len(nats)}."
        )


def check_endpoints(
    facts: Mapping[str, Any],
    endpoints: Mapping[str, TensorSpecs],
    outputs: Mapping[str, TensorSpecs],
) -> None:
    """Check that facts are those of a SavedModel, and that it returns what its facts say.

    Args:
        facts: Facts that `check_facts` accepts.
        endpoints: What the inputs of each endpoint must be.
        outputs: What the outputs of each endpoint are.

    Raises:
        InvalidFacts: If an image or latent has another shape or type, or is missing.
    """
    shapes = {name: spec.shape for name, spec in tensors_of(endpoints).items()}
    check_shapes(facts, shapes, "the SavedModel")
    for signature, found in outputs.items():
        for name, spec in results_of(signature, endpoints).items():
            if name not in found and signature == "encode_pixels":
                continue  # a posterior may have other parameters
            if name not in found or not found[name].allows(spec):
                raise InvalidFacts(
                    f"The SavedModel must answer {signature!r} with {name!r}, {spec}. "
                    f"Received: {found.get(name, 'nothing')}."
                )


def check_shapes(
    facts: Mapping[str, Any], shapes: Mapping[str, Sequence[int]], network: str
) -> None:
    """Check that facts are those of a network, such as one of another model.

    Args:
        facts: Facts that `check_facts` accepts.
        shapes: Shapes of the network's tensors by their names, batch first; others than images and
            latents are passed over.
        network: Name of the network, for the error.

    Raises:
        InvalidFacts: If one of its images or latents has another shape.
    """
    images, latents = ("image",), ("z", "z_mean", "z_log_var")
    for name, shape in shapes.items():
        if name in images and list(shape[1:]) != list(facts["image_shape"]):
            fact, expected = "image_shape", short(list(shape[1:]))
        elif name in latents and list(shape[1:]) != [facts["latent_dim"]]:
            fact, expected = "latent_dim", ", ".join(map(str, shape[1:]))
        else:
            continue
        raise InvalidFacts(
            f"`{fact}` must be {expected}, as `{name}` of {network}. "
            f"Received: {short(facts[fact])}."
        )


def _is_probe(value: object) -> bool:
    return isinstance(value, dict) and _is_number(value.get("auc"))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _check_integer(facts: Mapping[str, Any], name: str, least: int, most: int) -> None:
    value = facts.get(name)
    if not _is_integer(value) or not least <= value <= most:
        raise InvalidFacts(
            f"`{name}` must be an integer of {least} … {most:,}. Received: {short(value)}."
        )


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
