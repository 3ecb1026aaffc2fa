import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_vae.choices import RESAMPLINGS
from keras_vae.export.graph_ops import crop_box, read_photos
from keras_vae.export.signatures import Endpoints
from keras_vae.files.photos import crop_box as photo_crop_box
from keras_vae.files.photos import open_photo, prepare
from tests.encoding import encode_deep_png, encode_png, encoded


@pytest.fixture(scope="module")
def pictures():
    """Real photos in every form that decoders treat differently, name → bytes."""
    from sklearn.datasets import load_sample_images

    photo, flower = (Image.fromarray(image) for image in load_sample_images().images)
    noise = np.random.default_rng(0).integers(0, 65536, (40, 30)).astype(np.uint16)
    red = photo.split()[0]
    return {
        "jpeg": encoded(flower, "JPEG", quality=75),
        "grey jpeg": encoded(photo.convert("L"), "JPEG"),
        "cmyk jpeg": encoded(photo.convert("CMYK"), "JPEG"),
        "png": encoded(photo, "PNG"),
        "grey png": encoded(photo.convert("L"), "PNG"),
        "bilevel png": encoded(photo.convert("1"), "PNG"),
        "palette png": encoded(photo.convert("P"), "PNG"),
        "transparent palette": encoded(photo.convert("P"), "PNG", transparency=3),
        "rgba": encoded(Image.merge("RGBA", [*photo.split(), red]), "PNG"),
        "grey and alpha": encoded(Image.merge("LA", [photo.convert("L"), red]), "PNG"),
        "16 bits": encoded(Image.fromarray(noise), "PNG"),
        "gif": encoded(photo.convert("P"), "GIF"),
        "bmp": encoded(photo, "BMP"),
        "webp": encoded(photo, "WEBP", lossless=True),
        "1×1": encoded(photo.crop((9, 9, 10, 10)), "PNG"),
        "3×200": encoded(photo.crop((9, 9, 12, 209)), "PNG"),
        "aligned": encoded(photo.crop((0, 0, 178, 218)), "PNG"),
    }


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(32, 32, 3), (64, 48, 3), (28, 20, 1), (37, 53, 3)])
@pytest.mark.parametrize("resampling", RESAMPLINGS)
def test_graph_prepares_photos_as_pillow_does(pictures, shape, resampling):
    read = tf.function(lambda data: read_photos(data, shape, resampling))
    for name, data in pictures.items():
        expected = prepare(open_photo(data), shape[:2], shape[2], resampling).astype(int)
        actual = read(tf.constant([data]))[0].numpy().astype(int)
        # In Python grey levels are made before they are scaled, in the graph afterwards.
        share = 0.25 if shape[2] == 1 else 0.05
        most = 2 if (shape[2], resampling) == (1, "bicubic") else 1
        assert np.abs(actual - expected).max() <= most, name
        assert np.mean(actual != expected) < share, name


@pytest.mark.parametrize("bits", [1, 8, 10, 12, 14, 16])
def test_gray_levels_of_16_bits_are_read_by_their_range_as_in_the_command(bits):
    levels = np.arange(256).reshape(16, 16)
    levels = levels >> 7 if bits == 1 else levels << (bits - 8)
    data = encoded(Image.fromarray(levels.astype(np.uint16)))
    expected = prepare(open_photo(data), (16, 16), 1)
    assert expected.max() == 255
    np.testing.assert_array_equal(read_photos(tf.constant([data]), (16, 16, 1))[0], expected)


def test_colours_of_16_bits_must_use_them_as_in_the_command():
    colours = np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.uint16)
    data = encode_deep_png(colours << 8)
    expected = prepare(open_photo(data), (16, 16))
    np.testing.assert_array_equal(read_photos(tf.constant([data]), (16, 16, 3))[0], expected)
    with pytest.raises(tf.errors.InvalidArgumentError, match="use all of their 16 bits"):
        read_photos(tf.constant([encode_deep_png(colours << 4)]), (16, 16, 3))
    dark = encoded(Image.fromarray(np.full((16, 16), 20, np.uint16)))
    for read in (open_photo, lambda data: read_photos(tf.constant([data]), (16, 16, 1))):
        with pytest.raises((ValueError, tf.errors.InvalidArgumentError), match="must be"):
            read(dark)


@pytest.mark.parametrize("shape", [(32, 32, 3), (64, 48, 3), (28, 20, 1)])
@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_of_the_networks_size_pass_unchanged(shape, channels):
    pixels = np.random.default_rng(1).integers(0, 256, (*shape[:2], channels)).astype(np.uint8)
    data = encode_png(pixels)
    expected = prepare(open_photo(data), shape[:2], shape[2])
    np.testing.assert_array_equal(read_photos(tf.constant([data]), shape)[0], expected)
    if channels == shape[2]:
        np.testing.assert_array_equal(expected, pixels)


@pytest.mark.data
def test_graph_prepares_celeba_as_pillow_does(kvae_data):
    from zipfile import ZipFile

    with ZipFile(kvae_data / "celeba" / "img_align_celeba.zip") as archive:
        names = [name for name in archive.namelist() if name.endswith(".jpg")][:20]
        files = [archive.read(name) for name in names]
    for resampling in RESAMPLINGS:
        actual = read_photos(tf.constant(files), (32, 32, 3), resampling).numpy().astype(int)
        photos = [prepare(open_photo(file), (32, 32), 3, resampling) for file in files]
        assert np.abs(actual - np.stack(photos).astype(int)).max() <= 1


@pytest.mark.parametrize("size", [(178, 218), (179, 218), (1, 1), (640, 427), (5, 4000)])
@pytest.mark.parametrize("aspect", [1.0, 0.75, 53 / 37])
def test_crop_box_is_that_of_photos(size, aspect):
    width, height = size
    left, upper, right, lower = photo_crop_box(width, height, aspect)
    box = [float(side) for side in crop_box(tf.constant(height), tf.constant(width), aspect)]
    np.testing.assert_allclose(box, [upper, left, lower - upper, right - left], rtol=1e-6)


def test_images_of_different_sizes_share_a_batch(colour_model, pictures):
    files = [pictures["jpeg"], pictures["1×1"], pictures["rgba"]]
    together = colour_model.call("encode", image_bytes=files)["z_mean"]
    alone = [colour_model.call("encode", image_bytes=[file])["z_mean"][0] for file in files]
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert np.abs(together[0] - together[2]).max() > 1e-2


def test_same_seed_gives_the_same_image_in_any_batch(colour_model):
    alone = colour_model.call("generate", seed=[7], temperature=[1.0])
    batch = colour_model.call("generate", seed=[3, 7, 7, 2**40], temperature=[1.0, 1.0, 1.0, 1.0])
    assert batch["image_bytes"][1] == batch["image_bytes"][2] == alone["image_bytes"][0]
    np.testing.assert_array_equal(batch["z"][1], alone["z"][0])
    assert len(set(batch["image_bytes"].tolist())) == 3


def test_temperature_scales_the_draw(colour_model):
    z = colour_model.call("generate", seed=[5] * 3, temperature=[0.0, 1.0, 0.25])["z"]
    np.testing.assert_array_equal(z[0], 0.0)
    np.testing.assert_allclose(z[2], 0.25 * z[1], rtol=1e-6)


def test_draws_are_standard_normal(colour_model):
    z = colour_model.call("generate", seed=np.arange(500), temperature=np.ones(500))["z"]
    assert abs(z.mean()) < 0.07  # 3,000 values: standard error 0.018
    assert abs(z.std() - 1.0) < 0.05
    assert np.abs(np.corrcoef(z.T) - np.eye(6)).max() < 0.2


def test_draw_is_the_same_everywhere(colour_model):
    # Seed 7 must stay this z in every release: users quote seeds.
    z = colour_model.call("generate", seed=[7], temperature=[1.0])["z"][0]
    np.testing.assert_allclose(z[:3], SEED_7, atol=1e-5)


SEED_7 = [-0.674173, -0.358693, -1.879582]


def test_a_seed_chooses_a_component_and_moves_away_from_its_mean(colour_model, prior):
    seeds = np.arange(200)
    z = colour_model.call("generate_gmm", seed=seeds, temperature=np.full(200, 0.5))["z"]
    epsilon = colour_model.call("generate", seed=seeds, temperature=np.ones(200))["z"]
    uniform = np.array([tf.random.stateless_uniform([], [seed, 1], alg="philox") for seed in seeds])
    component = np.searchsorted(np.cumsum(prior.weights), uniform, side="right")
    moves = np.einsum("bij,bj->bi", prior.scale_tril[component], epsilon)
    np.testing.assert_allclose(z, prior.means[component] + 0.5 * moves, atol=1e-5)
    shares = np.bincount(component, minlength=3) / 200
    np.testing.assert_allclose(shares, prior.weights, atol=0.1)  # standard error: 0.035


@pytest.mark.parametrize("endpoint", ["generate", "generate_gmm"])
def test_pixels_are_those_of_the_files(colour_model, endpoint):
    inputs = {"seed": np.arange(5), "temperature": np.linspace(0.5, 1.5, 5)}
    files, pixels = (colour_model.call(name, **inputs) for name in (endpoint, f"{endpoint}_pixels"))
    np.testing.assert_array_equal(pixels["z"], files["z"])
    decoded = [tf.io.decode_png(file).numpy() for file in files["image_bytes"]]
    np.testing.assert_array_equal(pixels["image"], decoded)


def test_seeds_of_the_fitted_prior_give_the_same_image_in_any_batch(colour_model):
    alone = colour_model.call("generate_gmm", seed=[7], temperature=[1.0])
    batch = colour_model.call("generate_gmm", seed=[3, 7, 7, 2**40], temperature=np.ones(4))
    assert batch["image_bytes"][1] == batch["image_bytes"][2] == alone["image_bytes"][0]
    np.testing.assert_array_equal(batch["z"][1], alone["z"][0])
    assert len(set(batch["image_bytes"].tolist())) == 3


def test_temperature_0_gives_the_components_means(colour_model, prior):
    z = colour_model.call("generate_gmm", seed=np.arange(30), temperature=np.zeros(30))["z"]
    np.testing.assert_array_equal(np.unique(z, axis=0), np.unique(prior.means, axis=0))


def test_draw_from_the_fitted_prior_is_the_same_everywhere(colour_model):
    # As with `generate`: the component and z of seed 7 must stay.
    z = colour_model.call("generate_gmm", seed=[7], temperature=[1.0])["z"][0]
    np.testing.assert_allclose(z[:3], SEED_7_OF_THE_MIXTURE, atol=1e-5)


SEED_7_OF_THE_MIXTURE = [-0.224896, 6.103196, 1.546987]


def test_morph_adds_the_scaled_direction(colour_model, pictures, directions):
    names, strengths = ["Young", "Smiling", "Young"], [2.0, -1.5, 0.0]
    files = [pictures["jpeg"]] * 3
    morphed = colour_model.call("morph", image_bytes=files, attribute=names, strength=strengths)
    z_mean = colour_model.call("encode", image_bytes=files)["z_mean"]
    moves = [n * directions.direction(name) for n, name in zip(strengths, names, strict=True)]
    expected = colour_model.call("decode", z=z_mean + np.stack(moves))
    assert morphed["image_bytes"].tolist() == expected["image_bytes"].tolist()
    unmoved = colour_model.call("reconstruct", image_bytes=files[:1])["image_bytes"][0]
    assert morphed["image_bytes"][2] == unmoved
    assert morphed["image_bytes"][0] != unmoved


def test_unknown_attribute_is_named_with_those_known(colour_model, pictures):
    with pytest.raises(ValueError, match=r"Attractive, Eyeglasses, Smiling, Young.*: Smilig\."):
        colour_model.call(
            "morph",
            image_bytes=[pictures["1×1"]] * 2,
            attribute=["Smiling", "Smilig"],
            strength=[1.0, 1.0],
        )


def test_directions_are_looked_up_by_name(colour_model, directions):
    names = ["Young", "Attractive", "Young"]
    looked_up = colour_model.call("directions", attribute=names)["direction"]
    np.testing.assert_array_equal(looked_up, [directions.direction(name) for name in names])
    with pytest.raises(ValueError, match=r"Attractive, Eyeglasses, Smiling, Young.*: young\."):
        colour_model.call("directions", attribute=["Young", "young"])


def test_model_without_attributes_says_so(grey_model, pictures):
    with pytest.raises(ValueError, match="has no attributes"):
        grey_model.call("morph", image_bytes=[pictures["png"]], attribute=["x"], strength=[1.0])
    with pytest.raises(ValueError, match="has no attributes"):
        grey_model.call("directions", attribute=["x"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("signature", "inputs", "message"),
    [
        ("encode", {"image_bytes": [b"no image"]}, "Unknown image file format"),
        ("reconstruct", {"image_bytes": [b""]}, "empty"),
        ("decode", {"z": np.full((1, 6), np.nan)}, "`z` must be finite"),
        ("decode_pixels", {"z": np.full((1, 6), np.inf)}, "`z` must be finite"),
        ("generate", {"seed": [1], "temperature": [np.nan]}, "`temperature` must be finite"),
        (
            "generate_gmm",
            {"seed": [1], "temperature": [np.inf]},
            "`temperature` must be finite",
        ),
        ("log_prior_gmm", {"z": np.full((1, 2, 6), np.nan)}, "`z` must be finite"),
        (
            "log_likelihood",
            {"image": np.zeros((1, 32, 32, 3), np.uint8), "z": np.full((1, 2, 6), np.inf)},
            "`z` must be finite",
        ),
        (
            "generate",
            {"seed": [1], "temperature": [0.5, 1.0]},
            r"`seed` and `temperature` must have one entry for each image. Received: 1, 2 entries",
        ),
        ("generate_pixels", {"seed": [1, 2], "temperature": [1.0]}, "Received: 2, 1 entries"),
        ("generate_gmm_pixels", {"seed": [1], "temperature": [1.0] * 3}, "Received: 1, 3 entries"),
        (
            "log_likelihood",
            {"image": np.zeros((1, 32, 32, 3), np.uint8), "z": np.zeros((3, 1, 6))},
            "Received: 1, 3 entries",
        ),
    ],
)
def test_bad_input_is_refused_and_the_next_request_works(
    colour_model, signature, inputs, message, pictures
):
    with pytest.raises(ValueError, match=message):
        colour_model._run(signature, inputs)  # `call` would refuse some itself
    answer = colour_model.call("reconstruct", image_bytes=[pictures["jpeg"]])["image_bytes"]
    assert open_photo(answer[0]).size == (32, 32)


def test_truncated_file_is_refused(colour_model, pictures):
    for name in ("jpeg", "png", "gif", "webp"):
        with pytest.raises(ValueError, match=r"\w"):
            colour_model.call("encode", image_bytes=[pictures[name][:200]])


@pytest.mark.slow
@pytest.mark.parametrize("model", ["grey_model", "colour_model"])
def test_empty_batch_gives_an_empty_answer(model, request):
    model = request.getfixturevalue(model)
    pixels = np.zeros((0, *model.image_shape), np.uint8)
    z = np.zeros((0, model.latent_dim))
    for name in list(model._model.signatures):
        if name in ("morph", "directions") and not model.attributes.names:
            continue
        specs = model._model.signatures[name].structured_input_signature[1]
        samples = "z" in specs and specs["z"].shape.rank == 3
        empty = {"image": pixels, "z": z[:, None] if samples else z}
        for output in model.call(name, **{key: empty.get(key, []) for key in specs}).values():
            assert len(output) == 0, name
    assert model.call("decode_pixels", z=z)["image"].shape == pixels.shape


def test_feature_maps_are_the_layers_outputs(colour_model, colour_vae, photos):
    import keras

    layers = [colour_vae.encoder.get_layer(f"encoder_conv_{number}") for number in (1, 2)]
    keras_maps = keras.Model(colour_vae.encoder.input, [layer.output for layer in layers])
    expected = keras_maps(colour_vae.likelihood.scale(photos[:2]), training=False)
    maps = colour_model.call("feature_maps", image=photos[:2])
    assert set(maps) == {
        *(f"encoder_conv_{number}" for number in (1, 2)),
        *(f"decoder_conv_{number}" for number in (1, 2, 3)),
    }
    for layer, features in zip(layers, expected, strict=True):
        np.testing.assert_allclose(maps[layer.name], features, atol=1e-5)
    # The last map of the decoder are the logits of the reconstruction.
    image = colour_vae.likelihood.unscale(colour_vae.likelihood.mean(maps["decoder_conv_3"]))
    np.testing.assert_allclose(image, colour_model.reconstruct(photos[:2]), atol=0.51)


def test_prior_must_fit_the_latent(grey_vae, prior):
    with pytest.raises(ValueError, match=r"over 4 dimensions\. Received: 6"):
        Endpoints(grey_vae, prior=prior)


def test_directions_must_fit_the_latent(grey_vae, directions):
    with pytest.raises(ValueError, match=r"length 4.*\(4, 6\)"):
        Endpoints(grey_vae, directions)
