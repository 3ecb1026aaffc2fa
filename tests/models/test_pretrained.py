"""Keras models with the weights of exported models."""

import keras
import numpy as np
import pytest

from keras_vae.export.saved_model import export_model
from keras_vae.files.hub import HubError
from keras_vae.inference import registry
from keras_vae.models import VAE
from keras_vae.models.pretrained import copy_exported
from keras_vae.presets import get_preset
from tests.files.fake_hub import files_of

SMALL = get_preset("digits").override(hidden=(16,), latent_dim=3)
SHIPPED = ["celeba64", "mnist", *(
    pytest.param(name, marks=pytest.mark.slow)
    for name in ("celeba", "celeba128", "mnist-best", "mnist-iwae")
)]  # fmt: skip


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A model whose likelihood has a weight of its own, exported with its preset."""
    preset = SMALL.override(likelihood="learned_gaussian", mmd_weight=2.0)
    vae = VAE.from_preset(preset, seed=0)
    vae.likelihood.log_variance.assign(-1.5)
    folder = tmp_path_factory.mktemp("exported") / "mine"
    export_model(vae, folder, metadata={"preset": preset.to_dict()})
    return folder, vae


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_the_pixels_are_those_of_the_exported_model(name):
    model = registry.load(name, runtime="tensorflow")
    vae = VAE.from_pretrained(name)
    images, z = model.sample(range(8), prior="normal")
    assert np.abs(vae.decode(z).astype(int) - images).max() <= 1
    assert np.abs(vae.reconstruct(images).astype(int) - model.reconstruct(images)).max() <= 1
    assert np.abs(vae.generate(8, seed=0).astype(int) - images).max() <= 1


def test_every_weight_is_copied(exported):
    folder, vae = exported
    pretrained = VAE.from_pretrained(folder)
    for one, other in zip(pretrained.weights, vae.weights, strict=True):
        if "seed" not in other.path:
            np.testing.assert_array_equal(one, other, err_msg=other.path)
    assert [term.name for term in pretrained.terms] == ["reconstruction", "kl", "mmd"]


def test_a_model_on_the_hub_is_downloaded(exported, hub):
    folder, vae = exported
    hub.add("user/mine", files_of(folder))
    pretrained = VAE.from_pretrained("hf://user/mine")
    np.testing.assert_array_equal(pretrained.encoder.weights[0], vae.encoder.weights[0])
    with pytest.raises(HubError, match=r"hf://user/none does not exist, or is private"):
        VAE.from_pretrained("hf://user/none")


def test_it_trains_further(exported, digits):
    folder, _ = exported
    vae = VAE.from_pretrained(folder, seed=0)
    vae.compile(optimizer=keras.optimizers.Adam(1e-2), jit_compile=False)
    losses = vae.fit(digits.images[:256], epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


@pytest.mark.slow
def test_terms_that_need_a_teacher_are_left_out_with_a_message(logged, untrained_teacher):
    vae = VAE.from_pretrained("celeba64")
    assert logged() == [
        "celeba64: without a teacher the loss has no perceptual and no distillation."
    ]
    assert [term.name for term in vae.terms] == ["reconstruction", "kl", "mmd"]
    vae = VAE.from_pretrained("celeba64", teacher=untrained_teacher((64, 64, 3)))
    assert {"perceptual", "distillation"} < {term.name for term in vae.terms}


def test_another_precision_keeps_the_weights(exported):
    folder, vae = exported
    pretrained = VAE.from_pretrained(folder, dtype="mixed_bfloat16")
    assert pretrained.encoder.layers[-1].compute_dtype == "float32"
    np.testing.assert_array_equal(pretrained.encoder.weights[0], vae.encoder.weights[0])


def test_a_model_without_a_preset_is_refused(models_dir):
    with pytest.raises(ValueError, match=r"model\.json of '.*grey' does not hold the preset"):
        VAE.from_pretrained(models_dir / "grey")
    with pytest.raises(ValueError, match=r"No model is called 'celeba46'\. Did you mean"):
        VAE.from_pretrained("celeba46")


def test_weights_of_another_model_are_refused(exported):
    folder, _ = exported
    for change in ({"latent_dim": 4}, {"hidden": (16, 16)}):
        other = VAE.from_preset(SMALL.override(**change))
        with pytest.raises(ValueError, match=r"`vae` must have the weights of .*kernel \(\d"):
            copy_exported(folder / "1", other)
