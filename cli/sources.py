"""What a command starts from: photos, whose faces are aligned, or seeds of generated images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click

from keras_vae.files.limits import MAX_PIXELS

from .command import Decorator, collected, option
from .command_line import refuse
from .pixel_limit import PIXEL_LIMIT
from .types import EXISTING_FILE, FACE_CHOICE, SEED, Number
from .whole_set import Inputs, numbered, photos_of, run

if TYPE_CHECKING:
    import numpy as np

    from keras_vae.datasets.source import Payload
    from keras_vae.faces.crops import Crop
    from keras_vae.files.jobs import Batch, Row
    from keras_vae.inference.model import Model

MOST_ROWS = 100  # images that a picture shows, each in a row


@dataclass(frozen=True)
class Photo:
    """A part of a photo as a model's input.

    Attributes:
        name: The photo's file name; with the number of the face if it has several.
        pixels: The network's input, uint8 [H, W, C]: an aligned face, or the middle of the photo.
    """

    name: str
    pixels: np.ndarray


DESCRIPTIONS = {"normal": "N(0, I)", "gmm": "the Gaussian mixture fitted to the training images"}

Source: TypeAlias = Photo | int | None  # an int is a seed; None is the prior's mean, z = 0


@dataclass(frozen=True)
class Sources:
    """The images that a command was given, and how z is computed from them.

    Attributes:
        photos: Files of images.
        seed: Seed of a generated image, instead of an image.
        face: Which of a photo's faces is used; 2 is the second largest.
        align: Whether faces are detected and aligned, or the middle of a photo is used.
        prior: Distribution that a seed samples z from: N(0, I), or the Gaussian mixture fitted to
            the latents of the training images (gmm), whose samples look more like real images;
            auto: gmm, if the model has it.
        temperature: Scale of the standard deviation of z: below 1 less variety and fewer artefacts.
            With gmm it scales the standard deviation of the sampled component.
        max_pixels: Most pixels of a photo; larger ones are refused.
    """

    photos: Path | tuple[Path | int, ...] | None = None
    seed: int | None = None
    face: str | int = "largest"
    align: bool | None = None
    prior: str = "auto"
    temperature: float = 1.0
    max_pixels: int = MAX_PIXELS

    @property
    def inputs(self) -> tuple[Path | int, ...]:
        """Photos and seeds, in the order of the command line."""
        photos = self.photos if isinstance(self.photos, tuple) else (self.photos,)
        return tuple(each for each in (*photos, self.seed) if each is not None)

    @property
    def _paths(self) -> list[Path]:
        return [each for each in self.inputs if isinstance(each, Path)]

    @cached_property
    def photo_files(self) -> Inputs:
        """The photos as inputs of a job; a folder is replaced by the images in it."""
        return photos_of(self._paths, self.max_pixels)

    @property
    def files(self) -> Sequence[Path]:
        """The photos' files."""
        return self.photo_files.files

    def check(self) -> None:
        """Refuse photos together with a seed, and options without effect.

        Raises:
            click.UsageError: If there are any.
        """
        if self._paths and self.seed is not None:
            raise click.UsageError("Give an image or --seed, not both.")
        if len(self._paths) == len(self.inputs):
            refuse(("prior", "temperature"), "needs a seed: only a seed samples z.")
        if not self._paths:
            refuse(("face", "align", "max_pixels"), "needs an image: no photo is given.")

    def check_rows(self, hint: str = "") -> None:
        """Refuse more photos than a picture shows.

        Raises:
            click.UsageError: If there are more.
        """
        if len(self.files) > MOST_ROWS:
            received = f"A picture shows at most {MOST_ROWS} images, not {len(self.files):,}."
            raise click.UsageError(f"{received} {hint}".strip())

    def read(self, model: Model, *, single: bool = False) -> list[Source]:
        """Read photos; with --face all, a photo gives one input for each of its faces.

        Args:
            model: The model that will encode them.
            single: Whether a photo must give one input.

        Raises:
            ValueError: If a file is not an image, does not have such a face, or gives several
                inputs but `single` is True.
            click.UsageError: If a face is chosen but faces are not detected.
        """
        self.print_note(model)
        sources = []
        for each in self.inputs:
            found = self._read(each, model)
            if single and len(found) > 1:
                raise ValueError(f"{each}: one face is needed, not {len(found)}. Use --face N.")
            sources += found
        return sources

    def read_one(self, model: Model) -> Source:
        """Read the one photo, or return the seed or None; see `read`."""
        (source,) = self.read(model, single=True) or [None]
        return source

    def read_all(self, model: Model) -> list[Source]:
        """Read photos; of several, those that cannot be read are left out and listed.

        Raises:
            ValueError: If none can be read.
        """
        if not self._paths:
            return list(self.inputs)
        photos: list[Photo] = []

        def read(name: str, payload: Payload) -> list[Row]:
            return [{"photo": photo} for photo in photos_from(name, self.crops(payload, model))]

        def keep(batch: Batch) -> None:
            photos.extend(batch["photo"])

        self.print_note(model)
        run("Reading", self.photo_files, read, keep)
        return photos

    def reader(self, model: Model) -> Callable[[str, Payload], list[Row]]:
        """Make a job's function that reads an image: a row for each face.

        The columns are `name`, with the number of the face if there are several, and `image`, the
        model's input.
        """

        def read(name: str, payload: Payload) -> list[Row]:
            crops = numbered(name, self.crops(payload, model))
            return [{"name": each, "image": crop.pixels} for each, crop in crops]

        self.print_note(model)
        return read

    def crops(self, payload: Payload, model: Model) -> Sequence[Crop]:
        """Crop an image for a model: its faces, aligned, or its middle.

        Raises:
            ValueError: If it is not an image, or does not have such a face.
            click.UsageError: If a face is chosen but faces are not detected.
        """
        from keras_vae.datasets.decoding import open_payload
        from keras_vae.faces.crops import Crop, crop_faces

        photo, shape = open_payload(payload, self.max_pixels), model.image_shape
        if not self._detects_faces(model):
            return [Crop.centre(photo, shape, model.resampling)]
        try:
            return crop_faces(photo, shape, face=self.face, resampling=model.resampling)
        except ValueError as error:
            raise ValueError(f"{error} Use --no-align to take its middle.") from error

    def latents(self, sources: Sequence[Source], model: Model) -> np.ndarray:
        """Compute z, float32 [B, L]: a photo's z_mean, or a sample from the prior for a seed."""
        import numpy as np

        model.check_vector()
        z = np.zeros((len(sources), model.latent_dim), np.float32)
        seeds = [index for index, source in enumerate(sources) if isinstance(source, int)]
        photos = [index for index, source in enumerate(sources) if isinstance(source, Photo)]
        if photos:
            z[photos], _ = model.encode(np.stack([sources[index].pixels for index in photos]))
        if seeds:
            chosen = [sources[index] for index in seeds]
            z[seeds] = model.sample(chosen, self.temperature, self.choose_prior(model)).z
        return z

    def choose_prior(self, model: Model) -> str:
        """Return the prior that a seed samples z from; print it, if the user did not choose it."""
        prior = model.choose_prior(self.prior)
        if self.prior == "auto":
            click.echo(f"Prior: {DESCRIPTIONS[prior]} (--prior {prior}).", err=True)
        return prior

    def _read(self, given: Path | int, model: Model) -> list[Source]:
        if not isinstance(given, Path):
            return [given]
        from keras_vae.files.jobs import LeftOut

        try:
            return photos_from(given.name, self.crops(given, model))
        except ValueError as error:
            raise ValueError(str(LeftOut(str(given), str(error)))) from error

    def _detects_faces(self, model: Model) -> bool:
        detects = model.of_aligned_faces if self.align is None else self.align
        if not detects and self.face != "largest":
            raise click.UsageError(
                f"--face {self.face} needs face detection: a model of faces, or --align."
            )
        return detects

    def print_note(self, model: Model) -> None:
        """Print that photos are not aligned because the server does not know the training data."""
        if self._paths and self.align is None and not model.describes_itself:
            click.echo(
                f"Note: {model.name!r} on the server does not describe itself, so faces are not "
                "aligned. Use --align if it is a model of faces, otherwise --no-align.",
                err=True,
            )


def photos_from(name: str, crops: Sequence[Crop]) -> list[Photo]:
    """Name the crops of a photo; several by the number of the face."""
    if len(crops) == 1:
        return [Photo(name, crops[0].pixels)]
    return [
        Photo(f"{name}, face {number}", crop.pixels) for number, crop in enumerate(crops, start=1)
    ]


def source_name(source: Source) -> str:
    """Return a source's name for a label."""
    if isinstance(source, Photo):
        return source.name
    return "z = 0" if source is None else f"seed {source}"


def row_labels(sources: Sequence[Source]) -> list[str] | None:
    """Return the labels of a strip's rows; a single row needs none."""
    return [source_name(source) for source in sources] if len(sources) > 1 else None


FACE = option("--face", FACE_CHOICE, "largest")
ALIGNMENT = (
    FACE,
    option("--align/--no-align", show_default="as the model was trained"),
    PIXEL_LIMIT,
)
PRIOR = (
    option("--prior", ["auto", "normal", "gmm"], "auto"),
    option("--temperature", Number(0), 1.0),
)


def seed_option(default: int | None = None) -> Decorator:
    """Make the option --seed."""
    return option("--seed", SEED, default)


def photos_argument(
    metavar: str, nargs: int = -1, *, required: bool = False, kind: click.Path = EXISTING_FILE
) -> Decorator:
    """Make the argument of photos; of the type EXISTING_PATH also of folders of photos."""
    return click.argument("photos", metavar=metavar, nargs=nargs, required=required, type=kind)


def source_options(*options: Decorator) -> Decorator:
    """Add arguments and options of the source; they reach the command as `sources`."""
    return collected(Sources, "sources", "Source", *options)
