import pytest
from ai_edge_litert.interpreter import Interpreter

from keras_vae.super_resolution.lite import write_lite


@pytest.mark.parametrize("name", ["vdsr", "twice"])
def test_exports_have_a_network_for_images_of_any_size(upscalers_dir, name):
    path = upscalers_dir / name / "1" / "assets.extra" / "lite" / "residual.tflite"
    interpreter = Interpreter(str(path))
    (signature,) = interpreter.get_signature_list().values()
    assert signature == {"inputs": ["interpolated"], "outputs": ["residual"]}
    (details,) = interpreter.get_input_details()
    assert details["shape_signature"].tolist() == [-1, -1, -1, 1]


def test_the_weights_are_those_of_the_signature(upscalers_dir, small_vdsr):
    from keras_vae.super_resolution.lite import _network

    network = _network(upscalers_dir / "vdsr" / "1")
    assert [weight.path for weight in network.weights] == [w.path for w in small_vdsr.weights]
    for restored, weight in zip(network.get_weights(), small_vdsr.get_weights(), strict=True):
        assert (restored == weight).all()


def test_an_existing_folder_is_kept(upscalers_dir):
    version = upscalers_dir / "vdsr" / "1"
    with pytest.raises(FileExistsError, match="overwrite=True"):
        write_lite(version)
    assert write_lite(version, overwrite=True).name == "lite"
