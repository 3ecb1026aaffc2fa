"""A VAE's networks, run by LiteRT in this process, and samples in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ..files.litert import LiteSignature
from ..files.shapes import ANY
from ..latent_space.priors import GaussianMixturePrior, sample_normal
from .endpoints import TensorSpec, TensorSpecs, as_batches, check_inputs
from .exported import lite_folder
from .saved_model import SavedModel

NOISE = {
    "seed": TensorSpec(np.dtype(np.int64), (ANY,)),
    "temperature": TensorSpec(np.dtype(np.float32), (ANY,)),
}

LARGEST = 1e4  # of |z|: no decoder overflows below; above, the SavedModel checks whether one does

Outputs = dict[str, np.ndarray]


@dataclass(frozen=True, repr=False)
class LiteModel(SavedModel):
    """A VAE whose version has networks for LiteRT.

    It encodes, decodes and samples without TensorFlow. All other endpoints, such as likelihoods,
    feature maps and those that read files, are the SavedModel's: the first call of one imports
    TensorFlow.
    """

    needs_tensorflow: ClassVar[bool] = False
    batch: ClassVar[int] = 32  # larger ones need more memory and are not faster

    def has_endpoint(self, signature: str) -> bool:
        """Return whether there is an endpoint of that name."""
        return signature in self._functions or super().has_endpoint(signature)

    def inputs_of(self, signature: str) -> TensorSpecs:
        """What the inputs of an endpoint must be; none if there is no such endpoint."""
        if signature not in self._functions:
            return super().inputs_of(signature)
        if signature == "encode_pixels":
            return {"image": TensorSpec(np.dtype(np.uint8), (ANY, *self.image_shape))}
        if signature == "decode_pixels":
            return {"z": TensorSpec(np.dtype(np.float32), (ANY, self.latent_dim))}
        return NOISE

    def call(self, signature: str, **inputs: Any) -> Outputs:
        """Call any endpoint; see `Model.call`."""
        if signature not in self._functions:
            return super().call(signature, **inputs)
        specs = self.inputs_of(signature)
        check_inputs(signature, inputs, specs)
        return self._functions[signature](**as_batches(inputs, specs))

    @cached_property
    def _functions(self) -> dict[str, Callable[..., Outputs]]:
        """The endpoints that need no TensorFlow."""
        folder = lite_folder(self.path)
        encode, decode = (self._network(folder / f"{name}.tflite") for name in ("encode", "decode"))
        functions: dict[str, Callable[..., Outputs]] = {
            "encode_pixels": encode,
            "decode_pixels": partial(self._decode, decode),
            "generate_pixels": self._generate,
        }
        if (folder / "prior.npz").exists():
            functions["generate_gmm_pixels"] = self._generate_gmm
        return functions

    @cached_property
    def _prior(self) -> GaussianMixturePrior:
        path = lite_folder(self.path) / "prior.npz"
        prior = GaussianMixturePrior.load(path)
        if prior.latent_dim != self.latent_dim:
            raise ValueError(
                f"{path} must be over {self.latent_dim} dimensions. Received: {prior.latent_dim}."
            )
        return prior

    def _network(self, path: Path) -> LiteSignature:
        """Open a network, unless its tensors have other shapes than `model.json` says.

        Raises:
            ValueError: If one has; the message names both files.
        """
        network = LiteSignature(path)
        self.check_network({**network.inputs, **network.outputs}, path.name)
        return network

    def _decode(self, network: LiteSignature, z: np.ndarray) -> Outputs:
        if np.abs(z).max(initial=0.0) > LARGEST:
            return super().call("decode_pixels", z=z)
        return network(z=z)

    def _generate(self, seed: np.ndarray, temperature: np.ndarray) -> Outputs:
        z = sample_normal(seed, self.latent_dim, temperature)
        return {**self.call("decode_pixels", z=z), "z": z}

    def _generate_gmm(self, seed: np.ndarray, temperature: np.ndarray) -> Outputs:
        z = self._prior.sample(seed, temperature)
        return {**self.call("decode_pixels", z=z), "z": z}
