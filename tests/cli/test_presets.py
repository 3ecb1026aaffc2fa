import re

from click.testing import CliRunner

from keras_vae.cli.main import kvae
from keras_vae.presets import PRESETS, Likelihood


def test_the_list_shows_every_preset_with_source_input_parameters_and_objective():
    output = CliRunner().invoke(kvae, ["presets"]).output
    lines = {line.split()[0]: line for line in output.splitlines() if line.strip()}
    for name, preset in PRESETS.items():
        assert preset.source in lines[name]
        assert "×".join(map(str, preset.image_shape)) in lines[name]
        assert preset.objective.likelihood.description in lines[name]
    assert "653,584 + 700,803" in lines["celeba"]
    assert set(Likelihood.kinds) <= set(lines)


def test_show_prints_the_layers_of_both_networks():
    output = CliRunner().invoke(kvae, ["presets", "show", "celeba-perriu", "--latent", "9"]).output
    for layer in ("encoder_conv_8", "decoder_conv_8", "z_mean"):
        assert layer in output
    assert re.search(r"^z_mean +Dense +9 +27,657 +flatten$", output, re.MULTILINE)
