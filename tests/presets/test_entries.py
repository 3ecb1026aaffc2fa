import pytest

from keras_vae.presets import DEFAULT_PRESETS, PRESETS, default_preset, get_preset


def test_every_default_is_a_preset():
    assert set(DEFAULT_PRESETS.values()) <= set(PRESETS)


@pytest.mark.parametrize(
    ("dataset", "preset"),
    [
        ("fashion-mnist", "mnist"),
        ("Fashion_MNIST", "mnist"),
        ("celeba", "celeba"),
        ("a/b", "own-images"),
    ],
)
def test_a_data_set_has_a_preset_however_it_is_spelt(dataset, preset):
    assert default_preset(dataset).name == preset


@pytest.mark.parametrize(
    ("dataset", "images", "preset"),
    [
        ("celeba", 3_000, "own-images"),
        ("celeba", 162_769, "own-images"),
        ("celeba", 162_770, "celeba"),
        ("mnist", 100, "mnist"),
        ("a/b", 10**6, "own-images"),
    ],
)
def test_a_part_of_celeba_is_trained_as_images_of_ones_own(dataset, images, preset):
    assert default_preset(dataset, images).name == preset


def test_an_unknown_preset_is_refused_with_near_ones():
    with pytest.raises(ValueError, match=r"'celeba-periu'\. Did you mean 'celeba-perriu'"):
        get_preset("celeba-periu")
    with pytest.raises(ValueError, match=r"Choose from: mnist, digits, celeba, "):
        get_preset("qqq")


def test_presets_import_no_tensorflow():
    import subprocess
    import sys

    script = "import sys, keras_vae.presets; print(*sys.modules)"
    command = [sys.executable, "-c", script]
    modules = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert not {"tensorflow", "keras", "numpy"} & set(modules)
