"""A data set's images at the size of a model: for commands that train or encode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keras_vae.files.limits import MAX_PIXELS

from .command import Decorator, collected, option
from .pixel_limit import PIXEL_LIMIT
from .progress import progress_bar
from .quiet import load_tensorflow
from .types import PATH

if TYPE_CHECKING:
    from keras_vae.datasets import ImageDataset
    from keras_vae.datasets.photo_map import PhotoMap
    from keras_vae.inference.registry import SavedModel
    from keras_vae.training.run_directory import RunConfig


@dataclass(frozen=True)
class DataSource:
    """Where the files of a data set are read from, and where prepared images are kept.

    Attributes:
        data_dir: Folder, .zip or .npz with the data set's files.
        cache_dir: Folder of prepared images.
        max_pixels: Most pixels of an image; larger ones are left out.
        align_faces: Detect the largest face of each photo and align it to CelebA's layout; photos
            without a face are left out.
    """

    data_dir: Path | None = None
    cache_dir: Path | None = None
    max_pixels: int = MAX_PIXELS
    align_faces: bool = False

    def load_for_model(
        self, model: SavedModel, data: str, limit: int | None = None
    ) -> ImageDataset:
        """Load a data set at a model's size, with the split that the model was trained with.

        Args:
            model: The model that will encode the images.
            data: A name that `kvae data list` prints, or the path of an .npz file or a folder.
            limit: The maximum number of training images.
        """
        from keras_vae.files.photos import resampling_of

        trained_on = model.metadata.get("data") or {}
        *size, channels = model.image_shape
        source = replace(self, align_faces=self.align_faces or bool(trained_on.get("align_faces")))
        dataset = source.load(
            data,
            tuple(size),
            channels,
            resampling=resampling_of(model.metadata),
            seed=trained_on.get("seed") or 0,
            limit=limit,
        )
        _note_split(trained_on, dataset)
        return dataset

    def load_for_run(self, config: RunConfig) -> ImageDataset:
        """Load a run's data set at its preset's size.

        Args:
            config: The run's configuration. Its `data_dir` is used if this one is None.

        Raises:
            FileNotFoundError: If its images were moved.
        """
        place = Path(config.dataset)
        if place.is_absolute() and not place.exists():
            raise FileNotFoundError(
                f"{place}, which holds the images of the run, does not exist. Move it back, or "
                "write its new path as `dataset` into the run's config.json."
            )
        *size, channels = config.preset.image_shape
        source = replace(
            self,
            data_dir=self.data_dir or config.data_dir,
            align_faces=self.align_faces or bool(config.provenance.get("align_faces")),
        )
        return source.load(
            config.dataset,
            tuple(size),
            channels,
            resampling=config.preset.resampling,
            seed=config.seed,
            limit=config.limit,
        )

    def load(
        self, data: str, size: tuple[int, int] | None, channels: int | None, **options: Any
    ) -> ImageDataset:
        """Load a data set, prepared under a progress bar; see `datasets.load_dataset`."""
        from keras_vae.datasets import load_dataset
        from keras_vae.datasets.tfds import PREFIX

        if self.data_dir is None:
            _note_path(data)
        if data.startswith(PREFIX):
            load_tensorflow()  # with its messages, TensorFlow Datasets would import it
        with progress_bar("Preparing") as progress:
            dataset = load_dataset(
                data,
                data_dir=self.data_dir,
                cache_dir=self.cache_dir,
                image_size=size,
                channels=channels,
                progress=progress,
                max_pixels=self.max_pixels,
                photo_map=_alignment() if self.align_faces else None,
                **options,
            )
        dataset.provenance["align_faces"] = self.align_faces
        return dataset


def _alignment() -> PhotoMap:
    """Return the alignment of faces as a map of photos."""
    from keras_vae.datasets.photo_map import PhotoMap
    from keras_vae.faces.crops import align_largest
    from keras_vae.files.photos import ALIGNED_CROP

    return PhotoMap("faces aligned", align_largest, "without a face", (ALIGNED_CROP, ALIGNED_CROP))


def _note_split(trained_on: Mapping[str, Any], dataset: ImageDataset) -> None:
    """Say that the set of a model's training has changed: a random split is then drawn anew."""
    from keras_vae.datasets.splits import counted

    before, facts = trained_on.get("counts"), dataset.provenance
    random = all(str(each.get("split", "")).startswith("random") for each in (trained_on, facts))
    same = trained_on.get("title") == facts.get("title") and trained_on.get("limit") is None
    if before and random and same and before != dataset.counts:
        click.echo(
            f"Note: the model was trained on a set of {counted(before)} images of the name "
            f"{dataset.name}; this one has {counted(dataset.counts)}. Its random split is another: "
            "test images may have been trained on.",
            err=True,
        )


def _note_path(data: str) -> None:
    """Say that a name means a known set if a file or folder has that name, too."""
    from keras_vae.datasets import DATASETS
    from keras_vae.files.naming import plain_name

    known, path = DATASETS.get(plain_name(data)), Path(data)
    if known is not None and path.exists():
        kind = "folder" if path.is_dir() else "file"
        title = f"{data} is the data set {known.title}"
        click.echo(f"Note: {title}; ./{data} takes the {kind} of this name.", err=True)


def quiet_tfds(data: str, data_dir: Path | None) -> None:
    """Import TensorFlow without its messages, if TensorFlow Datasets provides a data set."""
    from keras_vae.datasets import DATASETS, tfds
    from keras_vae.files.naming import plain_name

    known = DATASETS.get(plain_name(data))
    if data.startswith(tfds.PREFIX) or (data_dir is None and known and known.tfds_name):
        load_tensorflow()


def binarized_for(model: SavedModel, dataset: ImageDataset, seed: int = 0) -> ImageDataset:
    """Binarize images as those that a model was trained on; they are unchanged if those were grey.

    Args:
        model: The model that will encode the images.
        dataset: Images of its size.
        seed: Seed of a "dynamic" binarization.
    """
    return dataset.binarized(binarization_of(model), seed)


def binarization_of(model: SavedModel) -> str:
    """Return how a model's training images were binarized; "none" if it does not store that."""
    return (model.metadata.get("preset") or {}).get("binarization", "none")


def binarization_note(model: SavedModel) -> str:
    """Return a note for a sentence that counts the images; nothing for grey ones."""
    kind = binarization_of(model)
    return "" if kind == "none" else f", binarized as in training ({kind})"


CACHE_DIR = option("--cache-dir", PATH, show_default="~/.cache/keras_vae")
ALIGN_FACES = option("--align-faces", is_flag=True)
DATA_DIR = option("--data-dir", PATH, show_default="TensorFlow Datasets")


def data_options(*options: Decorator) -> Decorator:
    """Add the options of a data set, which reach the command as `source`, and further options."""
    return collected(DataSource, "source", "Data", DATA_DIR, CACHE_DIR, PIXEL_LIMIT, *options)
