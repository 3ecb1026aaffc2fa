"""SavedModels by name or path: their facts, and their endpoints as functions of NumPy arrays.

No Keras model class is involved, and TensorFlow is imported when an endpoint is first called: a
model's facts cost no start-up.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from .attributes import Attributes, check_choices
from .naming import near_names
from .presets import Preset

if TYPE_CHECKING:
    from .datasets import ImageDataset
    from .evaluation.evaluator import Stages

PRIORS = {"normal": "generate", "gmm": "generate_gmm"}  # prior → the endpoint that draws from it
BATCH = 256  # images in one call of an endpoint: a bound on memory, past any gain in speed


@dataclass(frozen=True)
class ServedModel:
    """A SavedModel that `export` wrote.

    Attributes:
        path: The folder of the version.
        metadata: What `assets.extra/model.json` holds.
    """

    path: Path
    metadata: dict[str, Any] = field(repr=False)

    @classmethod
    def open(cls, path: str | Path) -> ServedModel:
        """Open the folder of a version.

        Raises:
            ValueError: If it is not a SavedModel that `export` wrote.
        """
        path = Path(path)
        try:
            metadata = json.loads((path / "assets.extra" / "model.json").read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise ValueError(
                f"{path} is not a model that kvae exported: assets.extra/model.json cannot be read."
            ) from error
        return cls(path, metadata)

    @property
    def name(self) -> str:
        """Name of the folder that holds the versions."""
        return self.path.resolve().parent.name

    @property
    def version(self) -> int:
        """Number of the version."""
        return int(self.path.resolve().name)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return tuple(self.metadata["image_shape"])

    @property
    def latent_dim(self) -> int:
        """Dimensions of z."""
        return self.metadata["latent_dim"]

    @cached_property
    def preset(self) -> Preset:
        """What the model was trained as.

        Raises:
            ValueError: If `model.json` does not say it.
        """
        try:
            return Preset.from_dict(self.metadata["preset"])
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"The model.json of {self.name!r} does not tell the preset that it was trained "
                "with. Export the model again: `kvae export RUN`."
            ) from error

    @cached_property
    def attributes(self) -> Attributes:
        """The attribute directions that were exported with the model; perhaps none."""
        path = self.path / "assets.extra" / "attributes.npz"
        if path.exists():
            return Attributes.load(path)
        return Attributes((), np.zeros((0, self.latent_dim), np.float32))

    @property
    def attribute_names(self) -> tuple[str, ...]:
        """Names that `direction` and the endpoint `morph` know."""
        return self.attributes.names

    @property
    def directions(self) -> np.ndarray:
        """Δ of each attribute, float32 [A, L]."""
        return self.attributes.directions

    @property
    def card(self) -> Path:
        """The model card, which lies beside the versions; it may be missing."""
        return self.path.resolve().parent / "README.md"

    def direction(self, name: str) -> np.ndarray:
        """Look Δ of an attribute up, [L].

        Raises:
            ValueError: If there is none of that name; the message lists near ones.
        """
        if not self.attribute_names:
            raise ValueError(f"Model {self.name!r} has no attributes. Received: {name!r}.")
        return self.attributes.direction(name)

    def encode(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Encode uint8 pixels [B, H, W, C] to z_mean and z_log_var, float32 [B, L].

        Args:
            pixels: Images of the network's size; `photos.prepare` makes them.

        Raises:
            ValueError: If the images have another shape or type.
        """
        self._check_pixels(pixels)
        outputs = self._in_batches("encode_pixels", image=pixels)
        return outputs["z_mean"], outputs["z_log_var"]

    def encode_rows(
        self,
        dataset: ImageDataset,
        rows: np.ndarray,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Encode rows of a data set, each read from the disk as it is needed.

        Args:
            dataset: Images of the model's size.
            rows: Which of them, int [N], N > 0.
            progress: Called with the images encoded and their total.

        Returns:
            z_mean and z_log_var, float32 [N, L].
        """
        parts = []
        for start in range(0, len(rows), BATCH):
            some = rows[start : start + BATCH]
            parts.append(self.encode(np.asarray(dataset.images[some])))
            if progress:
                progress(start + len(some), len(rows))
        z_mean, z_log_var = (np.concatenate(part) for part in zip(*parts, strict=True))
        return z_mean, z_log_var

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Decode latents [B, L] to uint8 pixels [B, H, W, C].

        Raises:
            ValueError: If the latents have another shape, or are not finite.
        """
        z = np.asarray(z, np.float32)
        if z.shape[1:] != (self.latent_dim,):
            raise ValueError(
                f"`z` must have shape {['B', self.latent_dim]}. Received: {list(z.shape)}."
            )
        return self._in_batches("decode_pixels", z=z)["image"]

    def reconstruct(self, pixels: np.ndarray) -> np.ndarray:
        """Encode and decode uint8 pixels [B, H, W, C]."""
        return self.decode(self.encode(pixels)[0])

    def has_prior(self, prior: str) -> bool:
        """Say whether `generate` can draw from a prior, "normal" or "gmm"."""
        return prior in self.metadata.get("priors", ["normal"])

    def generate(
        self, seeds: Sequence[int], temperature: float = 1.0, prior: str = "normal"
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw images from a prior, each from its own seed alone.

        Args:
            seeds: One for each image, B of them.
            temperature: Factor of the deviation; below 1 images come nearer to the mean one.
            prior: "normal" for N(0, I), or "gmm" for the mixture fitted to the training latents,
                where the temperature shrinks towards the mean of the drawn component.

        Returns:
            Pixels, uint8 [B, H, W, C], and z, float32 [B, L].

        Raises:
            ValueError: If there is no such prior, or the model was exported without it.
        """
        if prior not in PRIORS:
            raise ValueError(f"`prior` must be one of {', '.join(PRIORS)}. Received: {prior!r}.")
        if not self.has_prior(prior):
            raise ValueError(
                f"Model {self.name!r} was exported without a fitted prior. Draw from 'normal', or "
                "export its run again: `kvae export RUN`."
            )
        seed = np.asarray(seeds, np.int64).reshape(-1)
        outputs = self._in_batches(
            PRIORS[prior],
            seed=seed,
            temperature=np.full(seed.shape, temperature, np.float32),
        )
        images = [_read_png(data) for data in outputs["image_bytes"]]
        pixels = np.stack(images) if images else np.zeros((0, *self.image_shape), np.uint8)
        return pixels.reshape(-1, *self.image_shape), outputs["z"]

    def feature_maps(self, pixels: np.ndarray) -> dict[str, np.ndarray]:
        """Show what each convolution returns, on the way to z_mean and back.

        Args:
            pixels: uint8 [B, H, W, C].

        Returns:
            float32 [B, height, width, channels] by the layer's name, from the encoder's first
            convolution to the decoder's last.

        Raises:
            ValueError: If the images have another shape or type, or no layer is a convolution.
        """
        self._check_pixels(pixels)
        if "feature_maps" not in self._model.signatures:
            raise ValueError(f"Model {self.name!r} has no convolutions, hence no feature maps.")
        maps = self._in_batches("feature_maps", image=pixels)
        return {name: maps[name] for name in sorted(maps, key=_layer_order)}

    def log_likelihood(self, pixels: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Measure log p(x|z) of each image under S latents of its own.

        Args:
            pixels: uint8 [B, H, W, C].
            z: float32 [B, S, L].

        Returns:
            Nats, float32 [B, S]; where the likelihood is not normalised, the negative cost that was
            trained on.
        """
        return self._in_batches("log_likelihood", image=pixels, z=z)["log_likelihood"]

    def endpoint(self, signature: str) -> Callable[..., dict[str, Any]]:
        """Look an endpoint up: a TensorFlow function of tensors, for use within another.

        Raises:
            ValueError: If there is none of that name; the message lists near ones.
        """
        signatures = self._model.signatures
        if signature not in signatures:
            near = near_names(signature, sorted(signatures))
            raise ValueError(f"No endpoint is called {signature!r}. {near}")
        return signatures[signature]

    def call(self, signature: str, **inputs: Any) -> dict[str, np.ndarray]:
        """Call any endpoint.

        Args:
            signature: Its name.
            **inputs: Its inputs by name, batch first.

        Returns:
            Its outputs by name; strings as arrays of bytes.

        Raises:
            ValueError: If there is no such endpoint, or it refuses the inputs.
        """
        endpoint = self.endpoint(signature)
        specs = endpoint.structured_input_signature[1]
        if set(inputs) != set(specs):
            raise ValueError(
                f"Endpoint {signature!r} takes {', '.join(sorted(specs))}. "
                f"Received: {', '.join(sorted(inputs)) or 'nothing'}."
            )
        import tensorflow as tf

        tensors = {name: tf.constant(value, specs[name].dtype) for name, value in inputs.items()}
        try:
            outputs = endpoint(**tensors)
        except tf.errors.InvalidArgumentError as error:
            raise ValueError(_reason(error.message)) from error
        return {name: value.numpy() for name, value in outputs.items()}

    @cached_property
    def _model(self) -> Any:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow reads it when imported
        import tensorflow as tf

        return tf.saved_model.load(str(self.path))

    def _check_pixels(self, pixels: np.ndarray) -> None:
        if pixels.dtype != np.uint8 or pixels.shape[1:] != self.image_shape:
            raise ValueError(
                f"`pixels` must be uint8 of shape {['B', *self.image_shape]}. "
                f"Received: {pixels.dtype} of shape {list(pixels.shape)}."
            )

    def _in_batches(self, signature: str, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        total = len(next(iter(inputs.values())))
        parts = [
            self.call(signature, **{name: v[start : start + BATCH] for name, v in inputs.items()})
            for start in range(0, max(total, 1), BATCH)
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def load(name_or_path: str | Path, version: int | None = None) -> ServedModel:
    """Open a model by its name or path.

    Args:
        name_or_path: A name such as "celeba", a model's folder, or the folder of a version.
        version: Number of the version; None takes the highest.

    Raises:
        ValueError: If there is no such model or version; the message lists what there is.
    """
    return ServedModel.open(find(name_or_path, version))


def find(name_or_path: str | Path, version: int | None = None) -> Path:
    """Find the folder of a model's version.

    A path that holds a model comes first, then ./saved_models/<name>, the folders in the
    environment variable KVAE_MODELS, and the models shipped with the package.

    Args:
        name_or_path: See `load`.
        version: See `load`.

    Raises:
        ValueError: See `load`.
    """
    path = Path(name_or_path)
    if _is_version(path):
        return path
    places = [path, *(folder / path for folder in _folders() if _is_plain_name(path))]
    for place in places:
        versions = _versions(place)
        if versions and version is None:
            return versions[max(versions)]
        if version in versions:
            return versions[version]
        if versions:
            raise ValueError(
                f"{place} has no version {version}. It has: {', '.join(map(str, versions))}."
            )
    raise ValueError(_unknown(path))


def list_models() -> list[tuple[str, int, Path]]:
    """List the models that can be named: name, highest version, its folder.

    A name that occurs in several places is listed once, where `find` would find it.
    """
    found: dict[str, tuple[str, int, Path]] = {}
    for folder in _folders():
        for place in sorted(folder.iterdir()) if folder.is_dir() else []:
            versions = _versions(place)
            if versions and place.name not in found:
                highest = max(versions)
                found[place.name] = (place.name, highest, versions[highest])
    return list(found.values())


def fit_attributes(
    model: ServedModel,
    dataset: ImageDataset,
    *,
    method: str = "mean",
    balance: Sequence[str] = (),
    stages: Stages = lambda name: nullcontext(),
) -> Attributes:
    """Fit directions to the training split of a data set with attributes.

    They are scored on its validation split, where there is one.

    Args:
        model: What encodes the images.
        dataset: Images of the model's size, with attributes.
        method: See `Attributes.fit`.
        balance: See `Attributes.fit`.
        stages: Makes a progress bar for each stage.

    Raises:
        ValueError: If the data set has no attributes, or no training images; or a method or name
            is unknown.
    """
    if dataset.attributes is None or not dataset.count("train"):
        raise ValueError(
            f"`dataset` must have training images with attributes. Received: {dataset.name!r}, "
            f"{dataset.count('train')} training images, {len(dataset.attribute_names)} attributes."
        )
    check_choices(dataset.attribute_names, method, balance)  # before the images are encoded
    latents = {}
    for split in ("train", "validation"):
        if len(rows := dataset.indices(split)):
            with stages(f"Encoding ({split})") as progress:
                z_mean, _ = model.encode_rows(dataset, rows, progress=progress)
            latents[split] = z_mean, dataset.attributes[rows]
    with stages("Fitting") as progress:
        return Attributes.fit(
            *latents["train"],
            dataset.attribute_names,
            method=method,
            balance=balance,
            held_out=latents.get("validation"),
            progress=progress,
        )


def _folders() -> Iterator[Path]:
    """The folders that hold models by name, in the order of search."""
    yield Path("saved_models")
    for folder in os.environ.get("KVAE_MODELS", "").split(os.pathsep):
        if folder:
            yield Path(folder)
    spec = find_spec("keras_vae.saved_models")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        yield Path(folder)


def _versions(place: Path) -> dict[int, Path]:
    if not place.is_dir():
        return {}
    children = sorted(child for child in place.iterdir() if child.name.isdecimal())
    return dict(sorted((int(child.name), child) for child in children if _is_version(child)))


def _is_version(path: Path) -> bool:
    return (path / "saved_model.pb").is_file()


def _is_plain_name(path: Path) -> bool:
    return len(path.parts) == 1 and path.name not in ("", ".", "..")


def _unknown(path: Path) -> str:
    if path.exists() and not _is_plain_name(path):
        return f"{path} holds no exported model: no <version>/saved_model.pb is in it."
    names = [name for name, _, _ in list_models()]
    if not names:
        return f"No model is called {str(path)!r}. There are none: train one with `kvae train`."
    return f"No model is called {str(path)!r}. {near_names(str(path), names)}"


def _read_png(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def _layer_order(name: str) -> tuple[bool, int]:
    """Sort "encoder_conv_2" before "encoder_conv_10", and both before the decoder's layers."""
    return name.startswith("decoder"), int(name.rpartition("_")[2])


def _reason(message: str) -> str:
    """The sentence in an error of the graph; around it stand node names and missing traces."""
    noise = ("Graph execution error", "Detected at node", "<stack traces", "[[{{node")
    lines = [line.strip() for line in message.splitlines()]
    told = [line for line in lines if line and not line.startswith(noise)]
    sentence = told[0] if told else message.strip()
    if sentence.startswith("assertion failed: ["):
        sentence = sentence.removeprefix("assertion failed: [").removesuffix("]")
    return sentence.partition(" : Tensor had ")[0]
