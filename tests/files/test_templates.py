import jinja2
import pytest

from keras_vae.files.templates import templates


def test_a_folder_of_templates_with_further_filters():
    environment = templates("keras_vae.export", shout=str.upper)
    assert {"autoencoder.md.j2", "upscaler.md.j2"} <= {*environment.list_templates()}
    text = "{% if true %}\n{{ 'a' | shout }}\n{% endif %}\n"
    assert environment.from_string(text).render() == "A\n"


def test_an_undefined_name_is_an_error():
    with pytest.raises(jinja2.UndefinedError):
        templates("keras_vae.export").from_string("{{ missing }}").render()
