"""Registration of Keras classes, so that saved models find them again."""

from __future__ import annotations

import keras

# Files saved with Keras hold "keras_vae>ClassName": the name stays wherever a class moves.
package = keras.saving.register_keras_serializable(package="keras_vae")
