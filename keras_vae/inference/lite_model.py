"""A VAE's networks, run by LiteRT in this process, and samples in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, ClassVar

import numpy as np

from ..files.litert import LiteSignature
from ..latent_space.priors import GaussianMixturePrior, sample_normal
from .endpoints import as_batches, check_inputs
from .exported import lite_folder
from .saved_model import SavedModel

# endpoint → its inputs
ENDPOINTS = {
    "encode_pixels": ("image",),
    "decode_pixels": ("z",),
    "generate_pixels": ("seed", "temperature"),
    "generate_gmm_pixels": ("seed", "temperature"),
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

    def inputs_of(self, signature: str) -> Collection[str]:
        """Names of the inputs of an endpoint; none if there is no such endpoint."""
        if signature in self._functions:
            return ENDPOINTS[signature]
        return super().inputs_of(signature)

    def call(self, signature: str, **inputs: Any) -> Outputs:
        """Call any endpoint; see `Model.call`."""
        if signature not in self._functions:
            return super().call(signature, **inputs)
        check_inputs(signature, inputs, ENDPOINTS[signature])
        return self._functions[signature](**as_batches(inputs))

    @cached_property
    def _functions(self) -> dict[str, Callable[..., Outputs]]:
        """The endpoints that need no TensorFlow."""
        folder = lite_folder(self.path)
        encode, decode = (LiteSignature(folder / f"{name}.tflite") for name in ("encode", "decode"))
        functions = {
            "encode_pixels": lambda image: encode(image=np.asarray(image, np.uint8)),
            "decode_pixels": partial(self._decode, decode),
            "generate_pixels": self._generate,
        }
        if (folder / "prior.npz").exists():
            functions["generate_gmm_pixels"] = self._generate_gmm
        return functions

    @cached_property
    def _prior(self) -> GaussianMixturePrior:
        return GaussianMixturePrior.load(lite_folder(self.path) / "prior.npz")

    def _decode(self, network: LiteSignature, z: Any) -> Outputs:
        z = np.asarray(z, np.float32)
        if np.abs(z).max(initial=0.0) > LARGEST:
            return super().call("decode_pixels", z=z)
        return network(z=z)

    def _generate(self, seed: Any, temperature: Any) -> Outputs:
        z = sample_normal(np.asarray(seed, np.int64), self.latent_dim, temperature)
        return {**self.call("decode_pixels", z=z), "z": z}

    def _generate_gmm(self, seed: Any, temperature: Any) -> Outputs:
        z = self._prior.sample(np.asarray(seed, np.int64), temperature)
        return {**self.call("decode_pixels", z=z), "z": z}
