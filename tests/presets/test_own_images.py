import pytest

from keras_vae.presets import get_preset, own_size, with_size

OWN = get_preset("own-images")


@pytest.mark.parametrize(
    ("native", "size"),
    [
        ((32, 32), (32, 32)),
        ((64, 64), (64, 64)),
        ((28, 28), (28, 28)),
        ((50, 47), (48, 44)),
        ((128, 96), (128, 96)),
        ((100, 100), (96, 96)),
        ((250, 250), (64, 64)),
        ((3000, 4000), (48, 64)),
        ((5, 9), (8, 8)),
        ((1000, 20), (64, 8)),
    ],
)
def test_images_keep_their_size_where_the_network_takes_it(native, size):
    assert own_size(*native) == size


@pytest.mark.parametrize("size", [(32, 32), (64, 48), (128, 96), (8, 8)])
def test_the_network_builds_at_each_size(size):
    preset = with_size(OWN, (*own_size(*size), 3))
    network = preset.network
    assert preset.image_shape == (*size, 3)
    assert {size[0] % network.patch, size[1] % network.patch, network.patch % network.pool} == {0}
    # The convolutions see at most 16×16 maps, and the linear path at most 64×64 pixels.
    assert max(size) // network.patch <= 16
    assert max(size) // network.pool <= 64


def test_other_presets_keep_their_network():
    dense = with_size(get_preset("mnist"), (8, 8, 1))
    assert dense.image_shape == (8, 8, 1)
    assert dense.network == get_preset("mnist").network


@pytest.mark.parametrize(
    ("images", "replicas", "batch_size", "passes"),
    [
        (160, 1, 64, 50),  # 2 steps a pass; 20 epochs; 2,000 steps
        (40, 1, 40, 100),
        (41, 2, 40, 100),
        (1, 1, 1, 100),
        (8_000, 1, 64, 1),
        (720, 1, 64, 10),
    ],
)
def test_a_small_set_gets_a_batch_and_steps_that_fit(images, replicas, batch_size, passes):
    fitted = OWN.override(least_steps=2_000, epochs=20, batch_size=64).fitted_to(images, replicas)
    assert (fitted.batch_size, fitted.passes) == (batch_size, passes)
    assert fitted.passes * fitted.epochs * max(1, images // batch_size) >= 2_000
    assert fitted.epochs == 20


def test_a_report_s_number_of_epochs_is_kept():
    assert get_preset("celeba").fitted_to(500).passes == 1
    assert get_preset("celeba").fitted_to(100).batch_size == 100
