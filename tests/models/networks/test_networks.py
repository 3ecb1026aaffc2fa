"""Every number here is derived by hand from the reports, not from the code."""

import pytest

from keras_vae.models.networks import build_decoder, build_encoder
from keras_vae.presets import PRESETS, get_preset


def dense(inputs, outputs):
    return inputs * outputs + outputs


def conv(kernel, inputs, outputs):
    return kernel * kernel * inputs * outputs + outputs


BATCH_NORM = 4  # scale, offset, moving mean, moving variance: for each channel


def foster():
    encoder = (
        conv(3, 3, 128) + 3 * conv(3, 128, 128) + 4 * BATCH_NORM * 128 + 2 * dense(2 * 2 * 128, 200)
    )
    decoder = (
        dense(200, 512)
        + BATCH_NORM * 512
        + 4 * (conv(3, 128, 128) + BATCH_NORM * 128)
        + conv(3, 128, 3)
    )
    return encoder, decoder


def jiang_faces():
    stack = [(3, 32), (32, 32), (32, 64), (64, 64)]
    encoder = sum(conv(3, *pair) + BATCH_NORM * pair[1] for pair in stack)
    encoder += 2 * dense(4 * 4 * 64, 200)
    mirrored = [(64, 64), (64, 64), (64, 32), (32, 32)]
    decoder = dense(200, 4 * 4 * 64) + conv(3, 32, 3)
    decoder += sum(conv(3, *pair) + BATCH_NORM * pair[1] for pair in mirrored)
    return encoder, decoder


def astorga_faces():
    stack = [(3, 32), (32, 64), (64, 128), (128, 256)]
    encoder = sum(conv(4, *pair) + BATCH_NORM * pair[1] for pair in stack)
    encoder += 2 * dense(4 * 3 * 256, 64)
    mirrored = [(256, 128), (128, 64), (64, 32)]
    decoder = dense(64, 4 * 3 * 256) + conv(4, 32, 3)
    decoder += sum(conv(4, *pair) + BATCH_NORM * pair[1] for pair in mirrored)
    return encoder, decoder


def perriu():
    table_1 = [
        (4, 3, 32), (3, 32, 32), (4, 32, 64), (3, 64, 64),
        (4, 64, 128), (3, 128, 128), (4, 128, 256), (3, 256, 256),
    ]  # fmt: skip
    table_2 = [
        (3, 256, 256), (4, 256, 128), (3, 128, 128), (4, 128, 64),
        (3, 64, 64), (4, 64, 32), (3, 32, 32), (4, 32, 3),
    ]  # fmt: skip
    flat = 4 * 3 * 256  # 64 · 48 / 16², times 256 channels
    encoder = sum(conv(*layer) for layer in table_1) + 2 * dense(flat, 64)
    return encoder, dense(64, flat) + sum(conv(*layer) for layer in table_2)


def zhao_cnn():
    encoder = sum(conv(3, *pair) + BATCH_NORM * pair[1] for pair in [(1, 32), (32, 64), (64, 32)])
    decoder = sum(conv(3, *pair) + BATCH_NORM * pair[1] for pair in [(32, 64), (64, 32), (32, 32)])
    return encoder + dense(512, 4), dense(2, 512) + decoder + conv(3, 32, 1)


def best_digits():
    # 28×28×16, 14×14×24, 7×7×48: a block of two convolutions at each of the smaller sizes.
    blocks = 2 * conv(3, 24, 24) + 2 * conv(3, 48, 48)
    shrink = conv(3, 1, 16) + conv(3, 16, 24) + conv(3, 24, 48)
    grow = conv(3, 48, 24) + conv(3, 24, 16) + conv(3, 16, 1)
    flat = 7 * 7 * 48
    encoder = shrink + blocks + dense(flat, 256) + 2 * dense(256, 40)
    return encoder, dense(40, 256) + dense(256, flat) + blocks + grow


def pca_images(pool):
    # 64×64×3 in squares of 4×4: 16×16×48, 8×8, 4×4; a small image of 32×32×3 or of 64×64×3.
    flat, small, squares = 4 * 4 * 128, (64 // pool) ** 2 * 3, (4 // pool) ** 2 * 3
    norms = BATCH_NORM * (96 + 128 + 128)
    encoder = conv(3, 48, 96) + conv(3, 96, 128) + conv(3, 128, 128) + norms
    decoder = conv(3, 128, 128) + conv(3, 128, 96) + conv(3, 96 + squares, 48) + norms
    return (
        encoder + 2 * dense(flat, 200) + dense(small, 200),
        decoder + dense(200, flat) + dense(200, small),
    )


def large_faces():
    # 128×128×3 in squares of 8×8: 16×16×192, 8×8, 4×4; a small image of 32×32×3.
    flat, small = 4 * 4 * 128, 32 * 32 * 3
    encoder = conv(3, 192, 96) + conv(3, 96, 128) + conv(3, 128, 128)
    encoder += 4 * conv(3, 96, 96)
    # Beside them three levels of dlib's, 35×35×32, 17×17×64 and 8×8×128, and once more 4×4×128.
    encoder += conv(7, 3, 32) + 6 * conv(3, 32, 32) + conv(3, 32, 64) + 7 * conv(3, 64, 64)
    encoder += conv(3, 64, 128) + 5 * conv(3, 128, 128) + conv(3, 128, 128)
    # A block at each of 4×4×160, 8×8×128, 16×16×96, 32×32×48, 64×64×24 and 128×128×8.
    maps = [(8, 128), (16, 96), (32, 48), (64, 24), (128, 8)]
    blocks = sum(2 * conv(3, count, count) for count in (160, 128, 96, 48, 24, 8))
    grow = sum(conv(1, *pair) for pair in [(160, 128), (128, 96), (96, 48), (48, 24), (24, 8)])
    noise = sum(4 * (side**2 + count) for side, count in maps)
    decoder = dense(200, 4 * 4 * 160) + blocks + grow + noise + conv(3, 8 + 3, 3)
    return encoder + 2 * dense(2 * flat, 200) + dense(small, 200), decoder + dense(200, small)


PARAMETERS = {
    "celeba64": pca_images(pool=2),
    "celeba128": large_faces(),
    "own-images": pca_images(pool=1),
    "mnist": (dense(784, 512) + 2 * dense(512, 20), dense(20, 512) + dense(512, 784)),
    "digits": (
        dense(64, 256) + dense(256, 128) + 2 * dense(128, 8),
        dense(8, 128) + dense(128, 256) + dense(256, 64),
    ),
    "celeba": foster(),
    "celeba-foster": foster(),
    "celeba-wolfram": foster(),
    "celeba-jiang": jiang_faces(),
    "celeba-astorga": astorga_faces(),
    "celeba-perriu": perriu(),
    "mnist-astorga": (
        dense(784, 512) + dense(512, 512) + 2 * dense(512, 16),
        dense(16, 512) + dense(512, 512) + dense(512, 784),
    ),
    "mnist-zhao-mlp": (
        dense(784, 300) + dense(300, 100) + dense(100, 10) + dense(10, 4),
        dense(2, 10) + dense(10, 100) + dense(100, 300) + dense(300, 784),
    ),
    "mnist-zhao-cnn": zhao_cnn(),
    "mnist-iwae": (
        dense(784, 200) + dense(200, 200) + 2 * dense(200, 50),
        dense(50, 200) + dense(200, 200) + dense(200, 784),
    ),
    "mnist-best": best_digits(),
}

# Sides of the feature maps after each convolution, as the reports state or imply them.
MAPS = {
    "celeba": (["16×16", "8×8", "4×4", "2×2"], ["4×4", "8×8", "16×16", "32×32", "32×32"]),
    "celeba-jiang": (
        ["32×32", "16×16", "8×8", "4×4"],
        ["8×8", "16×16", "32×32", "64×64", "64×64"],
    ),
    "celeba-astorga": (["32×24", "16×12", "8×6", "4×3"], ["8×6", "16×12", "32×24", "64×48"]),
    "celeba-perriu": (
        ["32×24", "32×24", "16×12", "16×12", "8×6", "8×6", "4×3", "4×3"],
        ["4×3", "8×6", "8×6", "16×12", "16×12", "32×24", "32×24", "64×48"],
    ),
    "mnist-zhao-cnn": (["14×14", "7×7", "4×4"], ["7×7", "14×14", "28×28", "28×28"]),
}


def test_the_book_networks_have_the_counts_it_prints():
    assert foster() == (653_584, 700_803)


@pytest.mark.parametrize("name", PRESETS)
def test_parameters_are_those_counted_by_hand(name):
    preset = get_preset(name)
    built = build_encoder(preset).count_params(), build_decoder(preset).count_params()
    assert built == PARAMETERS[name]


@pytest.mark.parametrize("name", PRESETS)
def test_ends_have_the_shapes_of_image_and_latent(name):
    preset = get_preset(name)
    encoder, decoder = build_encoder(preset), build_decoder(preset)
    assert encoder.input_shape[1:] == decoder.output_shape[1:] == preset.image_shape
    assert [shape[1:] for shape in encoder.output_shape] == [(preset.latent_dim,)] * 2


@pytest.mark.parametrize("name", MAPS)
def test_feature_maps_shrink_and_grow_as_in_the_report(name):
    preset = get_preset(name)
    for network, part, sides in zip(
        (build_encoder(preset), build_decoder(preset)), ("encoder", "decoder"), MAPS[name],
        strict=True,
    ):  # fmt: skip
        layers = [network.get_layer(f"{part}_conv_{n + 1}") for n in range(len(sides))]
        channels = [
            stage.filters or preset.image_shape[2] for stage in getattr(preset.network, part)
        ]
        after = _after_crop(network)
        shapes = [after(layer) for layer in layers]
        assert [f"{shape[1]}×{shape[2]}" for shape in shapes] == sides
        assert [shape[3] for shape in shapes] == channels


def _after_crop(network):
    names = {layer.name for layer in network.layers}

    def shape(layer):
        crop = f"{layer.name}_crop"
        return (network.get_layer(crop) if crop in names else layer).output.shape

    return shape


def test_jiangs_31_architectures_can_be_built():
    from itertools import combinations

    widths = (512, 256, 128, 64, 32)
    choices = [c for n in range(1, 6) for c in combinations(widths, n)]
    assert len(choices) == 31
    for hidden in choices:
        encoder = build_encoder(get_preset("mnist").override(hidden=hidden, latent_dim=3))
        pairs = zip((784, *hidden), hidden, strict=False)
        expected = sum(dense(*pair) for pair in pairs) + 2 * dense(hidden[-1], 3)
        assert encoder.count_params() == expected


def test_outputs_are_float32_under_mixed_precision():
    preset = get_preset("celeba").override(filters=(8, 8))
    encoder = build_encoder(preset, dtype="mixed_bfloat16")
    assert encoder.get_layer("encoder_conv_1").compute_dtype == "bfloat16"
    outputs = [*encoder.outputs, *build_decoder(preset, dtype="mixed_bfloat16").outputs]
    assert {output.dtype for output in outputs} == {"float32"}
