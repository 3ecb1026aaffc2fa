"""Ways to build a VAE: from a preset, from your own networks, from an exported model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import keras
import tensorflow as tf

from ..files.exported import find_version, read_metadata
from ..presets import ELBO, Preset, get_preset
from .inputs import logger
from .loss_terms import LossTerm
from .own_networks import decoder_of, encoder_of
from .parts import Part, make_likelihood, make_posterior, make_prior
from .pretrained import copy_exported
from .protocols import ForwardPass


class Construction:
    """Mixin of a VAE, whose parts these functions build."""

    @classmethod
    def from_preset(
        cls,
        preset: str | Preset,
        *,
        teacher: Any = None,
        dtype: Any = None,
        seed: int | None = None,
    ) -> Self:
        """Build the networks and the objective of a preset.

        Args:
            preset: What to build, or its name.
            teacher: The classifier that perceptual and distillation loss need, and the identity
                loss with its features: a `losses.Teacher`.
            dtype: Keras dtype policy of the networks, such as "mixed_bfloat16".
            seed: Seed of the noise. Weights follow `keras.utils.set_random_seed`.

        Raises:
            ValueError: If the preset contradicts itself, or lacks the teacher that it needs.

        Example:
            >>> vae = VAE.from_preset("mnist", seed=0)
        """
        preset = get_preset(preset) if isinstance(preset, str) else preset
        preset.check()
        shapes = {"latent_dim": preset.latent_dim, "image_shape": preset.image_shape}
        terms = preset.objective.build(**shapes, teacher=teacher, dtype=dtype, seed=seed)
        network = preset.network.build(preset, dtype)
        encoder, decoder = network.encoder(), network.decoder()
        vae = cls(
            preset.posterior.build(encoder, seed),
            preset.prior.build(preset.latent_dim, seed),
            preset.objective.likelihood.build(decoder, output=preset.output),
            terms,
            name=preset.name.replace("-", "_"),
            dtype=dtype,
        )
        vae.build((None, *preset.image_shape))
        return vae

    @classmethod
    def from_networks(
        cls,
        encoder: keras.Model,
        decoder: keras.Model,
        likelihood: Part = "bernoulli",
        *,
        posterior: Part = "gaussian",
        prior: Part = "standard_normal",
        terms: Sequence[LossTerm | Callable[[ForwardPass], tf.Tensor]] | None = None,
        output: str | None = None,
        image_shape: tuple[int, int, int] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> Self:
        """Build a VAE from your own networks: functional, sequential or subclassed.

        The encoder may return z as a third output, which is ignored. The decoder may end in a
        sigmoid or a tanh, which is recognized: the likelihood takes what is before it.

        Args:
            encoder: Model from x [B, H, W, C] (and y, where it has a second input) to z_mean and
                z_log_var, each [B, L]. x is in [0, 1]; in [-1, 1] where the decoder ends in a tanh.
            decoder: Model from z [B, L] (and y) to logits or images, [B, H, W, C].
            likelihood: Name of a kind ("bernoulli", "gaussian", …), one of `presets`, or a function
                from the decoder and `output` to a layer, such as a subclass of `Likelihood`.
            posterior: Name of a kind ("gaussian", "deterministic"), one of `presets`, a layer, or a
                function from the encoder to one.
            prior: "standard_normal", a layer, or a function from the posterior to one.
            terms: Terms of the loss; None: those of −ELBO (`losses.elbo_terms`).
            output: How the decoder ends: "logits", "sigmoid" or "tanh"; None: it is recognized,
                which a subclass of `keras.Model` may not allow.
            image_shape: Height, width, channels; None: the shape of the encoder's input.
            seed: Seed of the noise.
            **kwargs: Arguments of `keras.Model`, such as `name`.

        Raises:
            ValueError: If the networks do not fit each other, or end otherwise.

        Example:
            >>> vae = VAE.from_networks(encoder, decoder, "bernoulli")
        """
        encoder, latent_dim, image_shape = encoder_of(encoder, image_shape)
        posterior = make_posterior(posterior, encoder, latent_dim, seed)
        decoder, output = decoder_of(decoder, posterior.latent_spec, image_shape, output)
        terms = ELBO().build() if terms is None else terms
        prior = make_prior(prior, posterior, seed)
        vae = cls(posterior, prior, make_likelihood(likelihood, decoder, output), terms, **kwargs)
        vae.build((None, *image_shape))
        return vae

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | Path,
        *,
        version: int | None = None,
        teacher: Any = None,
        dtype: Any = None,
        seed: int | None = None,
    ) -> Self:
        """Build the model of a SavedModel, with its weights, to train it further.

        Args:
            name_or_path: Name of a model such as "celeba64", the path of an exported model, or an
                address on the Hugging Face Hub, "hf://user/model" or "hf://user/model@revision".
            version: Number of the version; None: the highest.
            teacher: See `from_preset`. None: loss terms that need it are left out.
            dtype: See `from_preset`.
            seed: See `from_preset`.

        Raises:
            ValueError: If there is no such model, or it was not trained from a preset.
            HubError: If the hub cannot be reached, or refuses access.

        Example:
            >>> vae = VAE.from_pretrained("celeba64")
            >>> vae.compile(optimizer=keras.optimizers.Adam(1e-4))
            >>> vae.fit(faces, epochs=1)  # uint8 [N, 64, 64, 3]
        """
        path = find_version(name_or_path, version)
        preset = Preset.from_metadata(read_metadata(path), str(name_or_path))
        if teacher is None and preset.objective.needs_teacher:
            left_out = [term.kind for term in preset.objective.terms if term.needs_teacher]
            logger.warning(
                "%s: without a teacher the loss has no %s.", preset.name, " and no ".join(left_out)
            )
            preset = replace(preset, objective=preset.objective.without_teacher())
        vae = cls.from_preset(preset, teacher=teacher, dtype=dtype, seed=seed)
        copy_exported(path, vae)
        return vae
