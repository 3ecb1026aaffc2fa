import json

import pytest
import yaml

from keras_vae.inference.hub_card import header, hub_card

pytest.importorskip("huggingface_hub")


def values_of(card):
    return yaml.safe_load(card.split("---\n")[1])


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("MIT", {"license": "mit"}),
        ("CC BY 4.0", {"license": "cc-by-4.0"}),
        (
            "non-commercial research only",
            {"license": "other", "license_name": "non-commercial-research-only"},
        ),
        (None, {}),
    ],
)
def test_the_licence_is_one_that_the_hub_lists_or_has_its_own_name(licence, expected):
    values = values_of(header({"licence": licence}))
    assert {key: value for key, value in values.items() if key.startswith("license")} == expected


def test_the_header_has_library_task_tags_and_data_set():
    data = {"dataset": "mnist", "homepage": "https://yann.lecun.com/exdb/mnist"}
    values = values_of(header({"data": data}))
    assert values["library_name"] == "keras-vae"
    assert values["pipeline_tag"] == "unconditional-image-generation"
    assert {"tensorflow", "saved-model", "variational-autoencoder"} <= set(values["tags"])
    assert values["datasets"] == ["mnist"]
    assert "datasets" not in values_of(header({"data": {"dataset": "~/photos"}}))
    upscaler = values_of(header({"kind": "upscaler"}))
    assert upscaler["pipeline_tag"] == "image-to-image"
    assert "super-resolution" in upscaler["tags"]


def test_a_card_with_a_header_is_unchanged_and_a_missing_one_is_a_title(tmp_path):
    version = tmp_path / "faces" / "1"
    (version / "assets.extra").mkdir(parents=True)
    (version / "assets.extra" / "model.json").write_text(json.dumps({}))
    assert hub_card(version).endswith("---\n\n# faces\n")
    card = "---\nlicense: mit\n---\n\n# mine\n"
    (version.parent / "README.md").write_text(card)
    assert hub_card(version) == card
