"""The trained model that a training starts from: fine-tuning."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ..files.exported import read_metadata
from ..files.keras_file import load_keras_file
from ..models.pretrained import copy_exported, copy_named, named_weights
from ..models.vae import VAE
from ..presets import Preset
from .run_directory import Run


@dataclass(frozen=True)
class StartingPoint:
    """A trained model: the best epoch of a run, or an exported version.

    Attributes:
        path: The run directory, or the folder of the version.
        name: Name of the run or the model.
        preset: What it was trained with.
        licence: Terms of its weights, in a few words; None: not known.
    """

    path: Path
    name: str
    preset: Preset
    licence: str | None

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open a model; its weights are not read yet.

        Args:
            path: A run directory, or the folder of an exported version.

        Raises:
            ValueError: If it is neither, or no preset is stored with it.
        """
        path = Path(path)
        if is_run(path):
            config = Run.open(path).config()
            return cls(path, path.resolve().name, config.preset, config.provenance.get("licence"))
        facts = read_metadata(path)
        name = path.resolve().parent.name
        return cls(path, name, Preset.from_metadata(facts, name), facts.get("licence"))

    def copy_to(self, vae: VAE) -> None:
        """Copy encoder, decoder and the likelihood's own weights into a model built alike.

        Raises:
            ValueError: If its architecture is another one.
            FileNotFoundError: If the run has no checkpoint yet.
        """
        if not is_run(self.path):
            copy_exported(self.path, vae)
            return
        trained = load_keras_file(Run.open(self.path).best_weights(), compile=False)
        copy_named(named_weights(trained), vae, self.path)


def is_run(path: Path) -> bool:
    """Whether a path is a run directory."""
    return (path / "config.json").is_file()


def joint_licence(own: str | None, start: StartingPoint) -> str:
    """Name the terms of weights that were trained on images, and before that on others."""
    return f"{own or 'not known'}; weights from {start.name}: {start.licence or 'not known'}"
