import re
from dataclasses import replace

import numpy as np
import pytest

from keras_vae.inference import model as model_module
from keras_vae.latent_space.arithmetic import interpolate


def test_batches_do_not_show(colour_model, photos, monkeypatch):
    whole = colour_model.reconstruct(photos[:7])
    z_mean, z_log_var = colour_model.encode(photos[:7])
    monkeypatch.setattr(model_module.Model, "batch", 3)
    parts = colour_model.encode(photos[:7])
    np.testing.assert_allclose(parts[0], z_mean, atol=1e-5)
    np.testing.assert_allclose(parts[1], z_log_var, atol=1e-5)
    assert np.abs(colour_model.reconstruct(photos[:7]).astype(int) - whole).max() <= 1
    np.testing.assert_array_equal(
        colour_model.sample(range(5))[1][3], colour_model.sample([3])[1][0]
    )


def test_inputs_of_different_lengths_are_refused_wherever_batches_end(
    colour_model, photos, monkeypatch
):
    monkeypatch.setattr(type(colour_model), "batch", 3)
    for images, latents in ((3, 7), (6, 7), (7, 6)):
        z = np.zeros((latents, 1, 6), np.float32)
        with pytest.raises(ValueError, match=rf"one entry for each.*: {images}, {latents} entries"):
            colour_model.log_likelihood(photos[:images], z)


@pytest.mark.slow
def test_progress_is_reported_in_images(colour_model, monkeypatch):
    monkeypatch.setattr(model_module.Model, "batch", 3)
    seen = []
    _, z = colour_model.sample(range(7), progress=lambda *step: seen.append(step))
    assert seen == [(3, 7), (6, 7), (7, 7)]
    colour_model.decode(z[:6], progress=lambda *step: seen.append(step))
    assert seen[3:] == [(3, 6), (6, 6)]


@pytest.mark.parametrize("model", ["grey_model", "colour_model"])
def test_generated_images_decode_their_latents(model, request):
    model = request.getfixturevalue(model)
    images, z = model.sample([4, 5], temperature=0.5)
    assert images.shape == (2, *model.image_shape)
    np.testing.assert_array_equal(images, model.decode(z))
    empty, none = model.sample([])
    assert empty.shape == (0, *model.image_shape)
    assert none.shape == (0, model.latent_dim)


@pytest.mark.parametrize(
    ("method", "value", "message"),
    [
        ("feature_maps", np.zeros((1, 32, 32, 1), np.uint8), r"32, 32, 3\].*\[1, 32, 32, 1\]"),
        ("feature_maps", np.zeros((1, 32, 32, 3), np.float32), "float32"),
        ("decode", np.zeros((1, 5)), r"\[1, 5\]"),
        ("decode", np.zeros(6), r"\[6\]"),
        ("sample", [1.2, 1.9], r"`seeds` must be integers of 64 bits.*Received: \[1\.2, 1\.9\]"),
        ("sample", "12", r"`seeds` must be integers of 64 bits.*Received: \['12'\]"),
        ("sample", [2**63], r"`seeds` must be integers of 64 bits"),
        ("generate", -1, r"`n` must be at least 0\. Received: -1\."),
        ("generate", 1.5, r"`n` must be an integer\. Received: 1\.5\."),
        ("encode", [], r"`photos` must be one photo or more\. Received: none\."),
        ("posterior", [[0]], r"`pixels` must be an array of uint8 .*Received: list\."),
        ("feature_maps", None, r"`pixels` must be an array of uint8 .*Received: NoneType\."),
    ],
)
def test_wrong_values_are_named(colour_model, method, value, message):
    with pytest.raises(ValueError, match=message):
        getattr(colour_model, method)(value)


@pytest.mark.parametrize("seed", [2**63 - 1, 1.5, "12"])
def test_seeds_of_images_are_integers_of_64_bits(colour_model, seed):
    with pytest.raises(ValueError, match=r"`seed` must be an integer from −2⁶³ to 2⁶³ − n\. Rec"):
        colour_model.generate(2, seed=seed)


def test_the_last_seeds_are_taken(colour_model):
    assert len(colour_model.generate(np.int64(2), seed=2**63 - 2)) == 2
    assert len(colour_model.generate(0, seed=5)) == 0


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 6), r"`z` must have shape \['B', 'S', 6\]\. Received: \[2, 6\]\."),
        ((2, 3, 5), r"Received: \[2, 3, 5\]\."),
        ((3, 1, 6), r"`image` and `z` must have one entry for each image\. Received: 2, 3"),
    ],
)
def test_likelihoods_need_latents_for_each_image(colour_model, photos, shape, message):
    with pytest.raises(ValueError, match=message):
        colour_model.log_likelihood(photos[:2], np.zeros(shape, np.float32))


def test_an_interpolation_has_one_photo_at_each_end(colour_model, photos):
    with pytest.raises(ValueError, match=r"`b` must be one photo\. Received: 2\."):
        colour_model.interpolate(photos[0], photos[:2])


def test_wrong_endpoint_or_inputs_are_named(colour_model):
    with pytest.raises(ValueError, match=r"'morf'.*Did you mean 'morph'"):
        colour_model.call("morf")
    with pytest.raises(ValueError, match=r"takes seed, temperature\. Received: seed\."):
        colour_model.call("generate", seed=[1])


def test_the_error_of_an_older_export_has_the_remedy(colour_model, monkeypatch):
    older = {name: () for name in colour_model.endpoints if name != "generate_pixels"}
    monkeypatch.setitem(vars(colour_model), "endpoints", older)
    with pytest.raises(ValueError, match=r"older kvae\. Export its run again: `kvae export RUN`"):
        colour_model.sample([1], prior="normal")


def test_generated_images_follow_from_the_first_seed(colour_model):
    images = colour_model.generate(n=4, seed=3)
    np.testing.assert_array_equal(images, colour_model.sample(range(3, 7)).images)
    np.testing.assert_array_equal(images, colour_model.generate(4, seed=3))
    assert colour_model.generate().shape == (1, 32, 32, 3)
    assert not np.array_equal(colour_model.generate(4), colour_model.generate(4))
    warm, cold = (colour_model.generate(9, seed=0, temperature=t).std(axis=0) for t in (1, 0.1))
    assert cold.mean() < warm.mean()


def test_the_fitted_prior_is_sampled_from_where_there_is_one(colour_model, grey_model):
    assert (colour_model.choose_prior(), grey_model.choose_prior()) == ("gmm", "normal")
    for model, prior in ((colour_model, "gmm"), (grey_model, "normal")):
        np.testing.assert_array_equal(model.sample([5]).z, model.sample([5], prior=prior).z)
    with pytest.raises(ValueError, match=r"auto, normal, gmm\. Received: 'uniform'"):
        colour_model.generate(prior="uniform")
    with pytest.raises(ValueError, match="'grey' cannot sample from the prior 'gmm'"):
        grey_model.generate(prior="gmm")


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (
            {"data": {"counts": {"train": 20}}},
            "20 training images, since 4 dimensions of z need 22",
        ),
        ({"data": {"counts": {"train": 22}}}, "or by an older kvae"),
        ({"data": {"counts": None}}, "or by an older kvae"),
        ({"data": {"counts": {"train": 999}}, "latent_dim": 708}, "at most 707 dimensions"),
        ({"condition": {"shape": [], "dtype": "int64"}}, "a conditional model is exported without"),
    ],
)
def test_a_missing_prior_has_its_reason(grey_model, facts, reason):
    model = replace(grey_model, metadata={**grey_model.metadata, **facts})
    with pytest.raises(ValueError, match=reason):
        model.choose_prior("gmm")


@pytest.mark.parametrize("temperature", [-1, 1e30])
@pytest.mark.filterwarnings("error")
def test_a_temperature_is_from_a_range(grey_model, temperature):
    with pytest.raises(ValueError, match="`temperature` must be from 0 to 1,000,000"):
        grey_model.generate(temperature=temperature)


@pytest.mark.parametrize(
    ("strength", "message"),
    [
        ([], "must be one number, or one for each of 1 images. Received: 0 numbers."),
        (1e300, "must be finite."),
        ("much", "must be numbers. Received: [['much']]."),
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_strength_is_a_number(colour_model, photos, strength, message):
    with pytest.raises(ValueError, match=re.escape(f"`Smiling` {message}")):
        colour_model.morph(photos[0], Smiling=strength)


def test_a_label_is_found_in_any_case(grey_model):
    facts = {"condition": {"shape": []}, "labels": ["Bag", "Coat", "coat", "1"]}
    model = replace(grey_model, metadata={**grey_model.metadata, **facts})
    for label, number in {"bag": 0, "BAG": 0, "Coat": 1, "coat": 2, "1": 3, 1: 1, "2": 2}.items():
        assert model.label_number(label) == number
    with pytest.raises(ValueError, match="has no label 'COAT'"):
        model.label_number("COAT")


def test_a_morph_moves_the_latent_along_attributes(colour_model, photos):
    z = colour_model.encode(photos[:2]).z_mean
    smiling, young = map(colour_model.direction, ("Smiling", "Young"))
    np.testing.assert_array_equal(
        colour_model.morph(photos[:2], Smiling=2, Young=-1),
        colour_model.decode(z + 2 * smiling - young),
    )
    strip = colour_model.morph(photos[0], Smiling=[-1, 0, 1], Young=0.5)
    path = [z[0] + n * smiling + np.float32(0.5) * young for n in (-1, 0, 1)]
    assert np.abs(strip.astype(int) - colour_model.decode(path)).max() <= 1
    with pytest.raises(ValueError, match=r"`Smiling` must be .* each of 2 images\. .*: 3 numbers"):
        colour_model.morph(photos[:2], Smiling=[1, 2, 3])
    with pytest.raises(ValueError, match=r"'Smilin'.*Did you mean 'Smiling'"):
        colour_model.morph(photos[0], Smilin=1)


def test_an_interpolation_goes_from_one_reconstruction_to_the_other(colour_model, photos):
    images = colour_model.interpolate(photos[0], photos[1], steps=5)
    assert images.shape == (5, 32, 32, 3)
    ends = colour_model.reconstruct(photos[:2])
    assert np.abs(images[[0, -1]].astype(int) - ends).max() <= 1
    path = interpolate(*colour_model.encode(photos[:2]).z_mean, 5, "spherical")
    turned = colour_model.interpolate(photos[0], photos[1], 5, method="spherical")
    assert np.abs(turned.astype(int) - colour_model.decode(path)).max() <= 1


def test_it_is_described_in_one_line(colour_model, grey_model):
    described = "<Model 'colour': images 32×32×3, z 6 sampled from the fitted prior, 4 attributes>"
    assert repr(colour_model) == described
    assert repr(grey_model) == "<Model 'grey': images 8×8×1, z 4 sampled from its prior>"


def test_models_of_aligned_faces_are_those_of_celeba_and_of_aligned_photos(grey_model):
    for data, expected in (
        ({"dataset": "celeba"}, True),
        ({"dataset": None, "aligned": True}, True),
        ({"dataset": "mnist", "aligned": False}, False),
        (None, False),
    ):
        model = replace(grey_model, metadata={**grey_model.metadata, "data": data})
        assert model.of_aligned_faces is expected
