"""An exported VAE, wherever it runs: its facts, and its endpoints as functions of NumPy arrays."""

from __future__ import annotations

import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from numbers import Integral
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..files.naming import near_names, short
from ..files.photos import resampling_of, shows_aligned_faces
from ..latent_space.arithmetic import interpolate
from ..latent_space.priors import finite_temperature
from ..presets import Preset
from ..presets.ranges import Range
from .endpoints import (
    TensorSpecs,
    as_batches,
    as_numbers,
    check_endpoint,
    check_inputs,
    check_lengths,
)
from .missing_prior import UNKNOWN, why_missing
from .photos import Photo, Photos, read_pixels

if TYPE_CHECKING:
    from ..datasets import ImageDataset
    from ..files.progress import Progress
    from ..latent_space.attributes import Attributes

# prior → the endpoint that samples from it
PRIORS = {"normal": "generate_pixels", "gmm": "generate_gmm_pixels"}

BATCH = 128  # images in one call of an endpoint: a bound on memory

MOST_TEMPERATURE = 1_000_000  # z is then still a float32

SEEDS = range(-(2**63), 2**63)  # int64, which an endpoint takes

# Of an output that becomes a part of a file's name, or an array's: no path.
NAME = re.compile(r"\w[\w.-]*")


class Encoding(NamedTuple):
    """Parameters of q(z|x), each float32 [B, L].

    Attributes:
        z_mean: The mean.
        z_log_var: The logarithm of the variance.

    Example:
        >>> z_mean, z_log_var = keras_vae.load("celeba64").encode(photo)
    """

    z_mean: np.ndarray
    z_log_var: np.ndarray


class Sample(NamedTuple):
    """Images, and the latents that they were decoded from.

    Attributes:
        images: uint8 [B, H, W, C].
        z: float32 [B, L]; None where it has several parts.

    Example:
        >>> faces, z = keras_vae.load("celeba64").sample(seeds=[14, 3])
    """

    images: np.ndarray
    z: np.ndarray | None


class Model(ABC):
    """A VAE that `export_model` wrote.

    It runs in this process with TensorFlow (`SavedModel`) or LiteRT (`LiteModel`), or on a server
    (`RemoteModel`). They differ in where facts come from and in how an endpoint is called; all that
    is built on these is here.

    Attributes:
        batch: Images in one call of an endpoint.
        name: Name of the model.
        metadata: The facts of its `model.json`; of a model on a server that does not describe
            itself, those that its signatures show.
        needs_tensorflow: Whether it runs with TensorFlow in this process.
        describes_itself: Whether `metadata` is complete.
        attributes: The attribute directions, perhaps none; None if only the server has them.

    Example:
        >>> model = keras_vae.load("celeba64")
        >>> faces, z = model.sample(seeds=[14, 3])
        >>> model.morph(faces, Smiling=2).shape
        (2, 64, 64, 3)
    """

    name: str
    metadata: Mapping[str, Any]
    needs_tensorflow: bool = False
    describes_itself: bool = True
    attributes: Attributes | None

    @property
    def batch(self) -> int:
        """Images in one call of an endpoint; a result's last bits depend on it."""
        return BATCH

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return tuple(self.metadata["image_shape"])

    @property
    def resampling(self) -> str:
        """How photos are scaled to this shape: "bilinear" or "bicubic"."""
        return resampling_of(self.metadata)

    @property
    def latent_dim(self) -> int | None:
        """Dimensions of z; None if z is not a vector."""
        return self.metadata["latent_dim"]

    def check_vector(self) -> None:
        """Refuse a model whose z is not a vector.

        Raises:
            ValueError: If it is not.
        """
        if self.latent_dim is None:
            raise ValueError(
                f"Model {self.name!r} must have a vector z. Received: one of several parts, or of "
                "other axes. `kvae generate` and `kvae encode` take such a model."
            )

    @cached_property
    def preset(self) -> Preset:
        """The preset that the model was trained with.

        Raises:
            ValueError: If `model.json` does not hold it, or holds one of a newer version.
        """
        return Preset.from_metadata(self.metadata, self.name)

    @property
    def of_aligned_faces(self) -> bool:
        """Whether it was trained on CelebA or on other aligned faces; photos are aligned for it."""
        return shows_aligned_faces(self.metadata.get("data") or {})

    @property
    def is_conditional(self) -> bool:
        """Whether images are generated of a label: `generate` and `sample` take one."""
        return self.metadata.get("condition") is not None

    @property
    def labels(self) -> Sequence[str]:
        """Names of the labels of a conditional model; none if it stores none."""
        return self.metadata.get("labels") or ()

    @property
    def kl_per_dimension(self) -> Sequence[float] | None:
        """Mean KL of each dimension over the validation split in nats, [L]; None if not known."""
        return self.metadata.get("kl_per_dimension")

    def has_prior(self, prior: str) -> bool:
        """Return whether `generate` can sample from a prior, "normal" or "gmm"."""
        return prior in self.metadata.get("priors", ["normal"])

    def choose_prior(self, prior: str = "auto") -> str:
        """Return the name of the prior that is sampled from: "auto" is the fitted one, if any.

        Raises:
            ValueError: If there is no such prior, or the model was exported without it.
        """
        if prior not in ("auto", *PRIORS):
            raise ValueError(
                f"`prior` must be one of auto, {', '.join(PRIORS)}. Received: {prior!r}."
            )
        if prior == "auto":
            prior = "gmm" if self._samples_from("gmm") else "normal"
        if not self._samples_from(prior):
            why = UNKNOWN if self.has_prior(prior) else why_missing(self.metadata)
            raise ValueError(f"Model {self.name!r} cannot sample from the prior {prior!r}: {why}")
        return prior

    def label_number(self, label: str | int) -> int:
        """Look up the number of a label by its name, in any case if that is one, or check a number.

        Raises:
            ValueError: If the model is not conditional, or has no such label.
        """
        if not self.is_conditional:
            raise ValueError(
                f"`label` needs a conditional model, which {self.name!r} is not. "
                f"Received: {label!r}."
            )
        if label in self.labels:
            return self.labels.index(label)
        folded = [known.casefold() for known in self.labels]
        if isinstance(label, str) and folded.count(label.casefold()) == 1:
            return folded.index(label.casefold())
        number = int(label) if str(label).isdecimal() else -1
        count = len(self.labels) or (self.metadata.get("preset") or {}).get("classes")
        if number < 0 or (count and number >= count):
            near = near_names(str(label), self.labels or [*map(str, range(count or 0))])
            raise ValueError(f"Model {self.name!r} has no label {str(label)!r}. {near}")
        return number

    def direction(self, name: str) -> np.ndarray:
        """Look up Δ of an attribute, [L].

        Raises:
            ValueError: If there is no attribute of that name; the message lists similar names.
        """
        if not self.attributes.names:
            raise ValueError(f"Model {self.name!r} has no attributes. Received: {name!r}.")
        return self.attributes.direction(name)

    @property
    @abstractmethod
    def endpoints(self) -> Mapping[str, TensorSpecs]:
        """What the inputs of each endpoint must be, by their names."""

    def has_endpoint(self, signature: str) -> bool:
        """Return whether there is an endpoint of that name."""
        return signature in self.endpoints

    @abstractmethod
    def _run(self, signature: str, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Call an endpoint that exists, with inputs that it takes."""

    def call(self, signature: str, **inputs: Any) -> dict[str, np.ndarray]:
        """Call any endpoint.

        Args:
            signature: Name of the endpoint.
            **inputs: Inputs by name, batch first, of equal length; a single value is that of every
                entry. Images of other types than uint8 are converted by their range.

        Returns:
            Outputs by name; strings as arrays of bytes.

        Raises:
            ValueError: If there is no such endpoint, or it refuses the inputs.
        """
        check_endpoint(signature, self.endpoints)
        specs = self.endpoints[signature]
        check_inputs(signature, inputs, specs)
        return self._run(signature, as_batches(inputs, specs))

    def encode(self, photos: Photos, *, align: bool | None = None) -> Encoding:
        """Encode photos to the means and log-variances of q(z|x).

        Args:
            photos: A path, the bytes of a file, a Pillow image or an array; or several. A photo may
                have any size. Arrays are [H, W, C] or [B, H, W, C], uint8 or floats.
            align: Whether the largest face is detected and aligned; False: the middle of a photo is
                used. None: True for a model of aligned faces. An array of the model's size is used
                as it is.

        Returns:
            `z_mean` and `z_log_var`, each float32 [B, L]; B is 1 for a single photo.

        Raises:
            FileNotFoundError: If a path does not exist.
            ValueError: If something is not an image, no face is detected, z is not a vector, or the
                posterior has other parameters.

        Example:
            >>> z = model.encode("face.jpg").z_mean
        """
        self.check_vector()
        align = self.of_aligned_faces if align is None else align
        pixels = read_pixels(photos, self.image_shape, align=align, resampling=self.resampling)
        return self._encoding(pixels)

    def posterior(self, pixels: np.ndarray) -> dict[str, np.ndarray]:
        """Encode uint8 pixels [B, H, W, C] to the parameters of q(z given x), by name.

        Args:
            pixels: Images of the network's size.

        Returns:
            `z_mean` and `z_log_var`; of a posterior without parameters its mode, by the names of
            the latents.

        Raises:
            ValueError: If the images have another shape or type, or the model needs a condition.
        """
        self._check_pixels(pixels)
        outputs = self._in_batches("encode_pixels", image=pixels)
        self._check_names(outputs)
        # The mean first, wherever the model runs.
        return dict(sorted(outputs.items(), key=lambda item: (item[0] != "z_mean", item[0])))

    def encode_rows(
        self,
        dataset: ImageDataset,
        rows: np.ndarray,
        *,
        progress: Progress | None = None,
    ) -> Encoding:
        """Encode images of a data set, read from the disk batch by batch.

        Args:
            dataset: Images of the model's size.
            rows: Indices of the images, int [N], N > 0.
            progress: Called with the number of images encoded and their total.

        Returns:
            z_mean and z_log_var, float32 [N, L].

        Raises:
            ValueError: If z is not a vector.
        """
        self.check_vector()
        parts = []
        for start in range(0, len(rows), self.batch):
            some = rows[start : start + self.batch]
            parts.append(self._encoding(np.asarray(dataset.images[some])))
            if progress:
                progress(start + len(some), len(rows))
        return Encoding(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def decode(self, z: np.ndarray, *, progress: Progress | None = None) -> np.ndarray:
        """Decode latents [B, L] to uint8 pixels [B, H, W, C].

        Args:
            z: Latents.
            progress: Called with the number of images decoded and their total.

        Raises:
            ValueError: If the latents have another shape, or are not finite; or z is not a vector.
        """
        self.check_vector()
        z = np.asarray(z)
        if z.shape[1:] != (self.latent_dim,):
            raise ValueError(
                f"`z` must have shape {['B', self.latent_dim]}. Received: {list(z.shape)}."
            )
        return self._in_batches("decode_pixels", progress, z=z)["image"]

    def reconstruct(self, photos: Photos, *, align: bool | None = None) -> np.ndarray:
        """Encode photos and decode z_mean; see `encode`.

        Returns:
            uint8 [B, H, W, C].
        """
        return self.decode(self.encode(photos, align=align).z_mean)

    def generate(
        self,
        n: int = 1,
        *,
        seed: int | None = None,
        temperature: float = 1.0,
        prior: str = "auto",
        label: str | int | None = None,
        progress: Progress | None = None,
    ) -> np.ndarray:
        """Generate images, from the fitted prior if the model has one: its `repr` shows which.

        Args:
            n: Number of images, at least 0.
            seed: Seed of the first image; the next image has the next seed. None: other images at
                each call.
            temperature: See `sample`.
            prior: See `sample`.
            label: Label of all images, of a conditional model; see `sample`.
            progress: Called with the number of images generated and their total.

        Returns:
            uint8 [n, H, W, C].

        Raises:
            ValueError: If `n` or `seed` is no such integer; see also `sample`.

        Example:
            >>> faces = model.generate(n=4, seed=0)
        """
        if fault := Range(0).fault(n):
            raise ValueError(f"`n` {fault}. Received: {n!r}.")
        n = int(n)  # a NumPy integer overflows
        first = secrets.randbits(62) if seed is None else seed
        if not isinstance(first, Integral) or not SEEDS.start <= first <= SEEDS.stop - n:
            raise ValueError(
                "`seed` must be an integer from −2⁶³ to 2⁶³ − n. "
                f"Received: {first!r}, with n = {n}."
            )
        seeds = range(int(first), int(first) + n)
        labels = None if label is None else [label] * n
        return self.sample(seeds, temperature, prior, labels=labels, progress=progress).images

    def sample(
        self,
        seeds: Sequence[int],
        temperature: float = 1.0,
        prior: str = "auto",
        *,
        labels: Sequence[str | int] | None = None,
        progress: Progress | None = None,
    ) -> Sample:
        """Sample z from a prior and decode it; each image depends on its own seed only.

        Args:
            seeds: One for each image, B of them.
            temperature: Scales the standard deviation of z; below 1 less variety and fewer
                artefacts.
            prior: "normal" for N(0, I), or "gmm" for the mixture fitted to the training latents,
                where the temperature scales the deviation from the mean of the sampled component.
                "auto": the fitted prior if the model has one, whose images look more like the
                training images.
            labels: Label of each image, by its name or number, where the model is conditional.
            progress: Called with the number of images generated and their total.

        Returns:
            `images`, uint8 [B, H, W, C], and `z`, float32 [B, L]; None of several parts.

        Raises:
            ValueError: If a seed is no integer of 64 bits; if there is no such prior, the model was
                exported without it, or the temperature is negative or too large; if a label is
                unknown, is given although the model is not conditional, or is missing.

        Example:
            >>> images, z = model.sample(seeds=[14, 3])
        """
        endpoint = PRIORS[self.choose_prior(prior)]
        scale = finite_temperature(temperature)
        if not ((scale >= 0.0) & (scale <= MOST_TEMPERATURE)).all():
            raise ValueError(
                f"`temperature` must be from 0 to {MOST_TEMPERATURE:,}. Received: {temperature}."
            )
        inputs = {"seed": _as_seeds(seeds)}
        inputs["temperature"] = np.full(inputs["seed"].shape, scale)
        if labels is not None:
            inputs["condition"] = np.asarray([*map(self.label_number, labels)], np.int64)
        outputs = self._in_batches(endpoint, progress, **inputs)
        return Sample(outputs["image"], outputs.get("z"))

    def morph(
        self, photos: Photos, *, align: bool | None = None, **strengths: float | Sequence[float]
    ) -> np.ndarray:
        """Move photos along attributes: z_mean + Σ n · Δ, decoded (Foster 2023).

        Args:
            photos: See `encode`.
            align: See `encode`.
            **strengths: n of each attribute, by its name; with S numbers, one for each image, a
                single photo gives S images.

        Returns:
            uint8 [B, H, W, C].

        Raises:
            ValueError: If an attribute is unknown, or the numbers are not one for each image.

        Example:
            >>> older = model.morph("face.jpg", Smiling=2, Young=-1)
            >>> strip = model.morph("face.jpg", Smiling=[-2, -1, 0, 1, 2])
        """
        z = self.encode(photos, align=align).z_mean
        for name, n in strengths.items():
            column = as_numbers(name, np.reshape(n, (-1, 1)), np.dtype(np.float32))
            single = 1 in (len(z), len(column)) and len(column) > 0
            if len(z) != len(column) and not single:
                raise ValueError(
                    f"`{name}` must be one number, or one for each of {len(z)} images. "
                    f"Received: {len(column)} numbers."
                )
            z = z + column * self.direction(name)
        return self.decode(z)

    def interpolate(
        self,
        a: Photo,
        b: Photo,
        steps: int = 10,
        *,
        method: str = "linear",
        align: bool | None = None,
    ) -> np.ndarray:
        """Interpolate between the latents of two photos, and decode.

        Args:
            a: The first photo; see `encode`.
            b: The second photo.
            steps: Number of images, with both reconstructions.
            method: "linear", or "spherical": see `latent_space.arithmetic.interpolate`.
            align: See `encode`.

        Returns:
            uint8 [steps, H, W, C].

        Raises:
            ValueError: If `a` or `b` is not one photo; see also
                `latent_space.arithmetic.interpolate`.

        Example:
            >>> images = model.interpolate("a.jpg", "b.jpg", steps=7)
        """
        ends = []
        for name, photo in (("a", a), ("b", b)):
            z_mean = self.encode(photo, align=align).z_mean
            if len(z_mean) != 1:
                raise ValueError(f"`{name}` must be one photo. Received: {len(z_mean)}.")
            ends.append(z_mean[0])
        return self.decode(interpolate(*ends, steps, method))

    def feature_maps(self, pixels: np.ndarray) -> dict[str, np.ndarray]:
        """Return the outputs of each convolution, from the image to z_mean and back.

        Args:
            pixels: uint8 [B, H, W, C].

        Returns:
            float32 [B, height, width, channels] by the layer's name, from the encoder's first
            convolution to the decoder's last.

        Raises:
            ValueError: If the images have another shape or type, no layer is a convolution, or the
                name of one is not of letters, digits, "_", "-" and ".".
        """
        self._check_pixels(pixels)
        if not self.has_endpoint("feature_maps"):
            raise ValueError(f"Model {self.name!r} has no convolutions, hence no feature maps.")
        maps = self._in_batches("feature_maps", image=pixels)
        self._check_names(maps)
        for name, each in maps.items():
            if each.dtype.kind != "f" or each.ndim != 4:
                raise ValueError(
                    f"Model {self.name!r} must return feature maps, float32 ['B', 'H', 'W', 'C']. "
                    f"Received: {name!r}, {each.dtype} {list(each.shape)}."
                )
        return {name: maps[name] for name in sorted(maps, key=_layer_order)}

    def log_likelihood(self, pixels: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Measure log p(x given z) of each image under S latents.

        Args:
            pixels: uint8 [B, H, W, C].
            z: float32 [B, S, L].

        Returns:
            Nats, float32 [B, S]; where the likelihood is not normalized, the negative
            reconstruction loss.

        Raises:
            ValueError: If the images or the latents have another shape or type, or z is not a
                vector.
        """
        self.check_vector()
        self._check_pixels(pixels)
        shape = np.shape(z)
        if len(shape) != 3 or shape[2] != self.latent_dim:
            raise ValueError(
                f"`z` must have shape {['B', 'S', self.latent_dim]}. Received: {list(shape)}."
            )
        outputs = self._in_batches("log_likelihood", image=pixels, z=z)
        found, expected = np.shape(outputs.get("log_likelihood")), (len(pixels), shape[1])
        if found != expected:
            raise ValueError(
                f"Model {self.name!r} must return `log_likelihood` {list(expected)}. "
                f"Received: {list(found) or 'nothing'}."
            )
        return outputs["log_likelihood"]

    def _encoding(self, pixels: np.ndarray) -> Encoding:
        """Encode pixels, unless the posterior has other parameters."""
        outputs = self.posterior(pixels)
        if not set(Encoding._fields) <= outputs.keys():
            raise ValueError(
                f"Model {self.name!r} must have {' and '.join(Encoding._fields)}: `posterior` "
                f"returns the parameters that it has. Received: {', '.join(outputs) or 'nothing'}."
            )
        return Encoding(outputs["z_mean"], outputs["z_log_var"])

    def _check_names(self, outputs: Mapping[str, np.ndarray]) -> None:
        for name in outputs:
            if not NAME.fullmatch(name):
                raise ValueError(
                    f"Model {self.name!r} must name its outputs by letters, digits, '_', '-' and "
                    f"'.'. Received: {short(name)}."
                )

    def _samples_from(self, prior: str) -> bool:
        return self.has_prior(prior) and self.has_endpoint(PRIORS[prior])

    def __repr__(self) -> str:
        shape = "×".join(map(str, self.image_shape))
        names = self.metadata.get("attribute_names", ())
        attributes = f", {len(names)} attributes" if names else ""
        prior = "the fitted prior" if self.has_prior("gmm") else "its prior"
        z = f"z {self.latent_dim or 'of several parts'} sampled from {prior}"
        return f"<Model {self.name!r}: images {shape}, {z}{attributes}>"

    def _check_pixels(self, pixels: np.ndarray) -> None:
        if not hasattr(pixels, "dtype"):
            received = type(pixels).__name__
        elif pixels.dtype != np.uint8 or pixels.shape[1:] != self.image_shape:
            received = f"{pixels.dtype} of shape {list(pixels.shape)}"
        else:
            return
        raise ValueError(
            f"`pixels` must be an array of uint8 and of shape {['B', *self.image_shape]}. "
            f"Received: {received}."
        )

    def inputs_of(self, signature: str) -> TensorSpecs:
        """What the inputs of an endpoint must be; none if there is no such endpoint."""
        return self.endpoints.get(signature, {})

    def _in_batches(
        self, signature: str, progress: Progress | None = None, **inputs: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Call an endpoint batch by batch.

        Raises:
            ValueError: If the endpoint needs a condition and none is given, or an input has more
                entries than another one.
        """
        check_lengths(inputs)  # of all batches: a part of a longer input would be left out
        if "condition" not in inputs and "condition" in self.inputs_of(signature):
            labels = f", one of {', '.join(self.labels)}" if self.labels else ""
            raise ValueError(
                f"Model {self.name!r} is conditional: `generate` takes a label{labels}. Whatever "
                "else it computes needs the `condition` of each image, which only Python passes "
                f'on: model.call("{signature}", …, condition=…).'
            )

        def call(start: int) -> dict[str, np.ndarray]:
            batch = {name: values[start : start + self.batch] for name, values in inputs.items()}
            return self.call(signature, **batch)

        def results() -> Iterator[dict[str, np.ndarray]]:
            yield call(0)  # opens the model
            # Two at a time: while one samples on a single core, the other convolves.
            with ThreadPoolExecutor(2) as pool:
                yield from pool.map(call, range(self.batch, total, self.batch))

        total = len(next(iter(inputs.values())))
        parts = []
        for part in results():
            parts.append(part)
            if progress:
                progress(min(len(parts) * self.batch, total), total)
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _as_seeds(seeds: Any) -> np.ndarray:
    """Seeds as int64 [B]; others are refused, since a fraction or a 65th bit would be cut off."""
    values = np.asarray(seeds)
    if values.size and (values.dtype.kind not in "iu" or values.max() > SEEDS[-1]):
        raise ValueError(
            "`seeds` must be integers of 64 bits, one for each image. "
            f"Received: {short(np.ravel(values).tolist())}."
        )
    return values.astype(np.int64).reshape(-1)


def _layer_order(name: str) -> tuple[bool, int]:
    """Sort "encoder_conv_2" before "encoder_conv_10", and both before the decoder's layers."""
    number = re.search(r"[0-9]{1,18}$", name)
    return name.startswith("decoder"), int(number[0]) if number else 0
