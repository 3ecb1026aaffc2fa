import json
from dataclasses import asdict, fields, replace

import pytest

from keras_vae.evaluation import Evaluation, incomparable, table
from keras_vae.evaluation.groups import Group
from keras_vae.evaluation.likelihood import Likelihood
from keras_vae.evaluation.pixels import Pixels
from keras_vae.evaluation.posterior import Posterior
from keras_vae.evaluation.samples import SampleQuality
from keras_vae.latent_space.probes import Probe

LIKELIHOOD = Likelihood(
    "mass", 5000, 101.234, 0.25, 76.0, 25.234, 0.1863, 97.5, 0.24, 0.012, 0.1794, 42.0
)
QUALITY = SampleQuality(12.5, 0.002, 0.0005, 2000, 1000, "a classifier", "pixels in [0, 1]")
FULL = Evaluation(
    model="mine",
    version=3,
    data="Faces",
    split="test",
    split_rule="official",
    images=1000,
    image_shape=(8, 8, 1),
    binarization="dynamic",
    seed=7,
    likelihood=LIKELIHOOD,
    pixels=Pixels(0.0125, 0.0001, 0.8, 19.5, 0.85, 8),
    posterior=Posterior(3, 1, (0.1, 2.5, 0.4), 0.0123, 0.0004, 1000, "Posterior collapse: 2 of 3."),
    probes=(Probe("Smiling", 0.9, 0.85, 0.8), Probe("Young", 0.8, 0.75, 0.6)),
    groups=(Group("Male", 400, 0.013, 0.0002), Group("not Male", 1, 0.012, float("nan"))),
    samples={"N(0, I)": QUALITY},
    command="kvae evaluate mine faces",
    versions={"tensorflow": "2.21.0"},
    seconds=75.4,
)
AUTOENCODER = replace(FULL, model="plain", likelihood=None, posterior=None, samples={})


def rows(text):
    """The cells of each line, by its label."""
    return {line[:30].strip(): line[30:].split("  ") for line in text.splitlines()}


@pytest.mark.parametrize("evaluation", [FULL, AUTOENCODER])
def test_json_holds_every_number(evaluation):
    values = json.loads(json.dumps(evaluation.to_dict(), allow_nan=False))
    assert {field.name for field in fields(Evaluation)} <= set(values)
    assert values["pixels"] == asdict(evaluation.pixels)
    assert values["likelihood"] == (evaluation.likelihood and asdict(evaluation.likelihood))
    assert [Probe(**probe) for probe in values["probes"]] == list(evaluation.probes)
    assert values["groups"][1]["mse_error"] is None  # not a number, in JSON


def test_doubts_about_fid_are_beside_the_number():
    few = replace(QUALITY, features=1280, near_chance=True)
    shown = table([replace(FULL, samples={"N(0, I)": few})])
    (line,) = (line for line in shown.splitlines() if "FID, N(0, I)" in line)
    assert line.endswith(
        "12.500 (fewer images than features: 1,000 < 1,280; the extractor predicts little more "
        "than chance)"
    )
    enough = replace(QUALITY, features=1000)
    assert "fewer" not in table([replace(FULL, samples={"N(0, I)": enough})])


def test_what_was_not_measured_is_a_note():
    sentence = "FID and KID were not measured. No network."
    evaluation = replace(FULL, unmeasured=(sentence,))
    assert sentence in table([evaluation])
    assert evaluation.to_dict()["notes"][0] == sentence


def test_json_holds_what_the_card_shows():
    values = FULL.to_dict()
    assert values["tables"]["Likelihood"]["−ELBO (nats)"] == "101.23 ± 0.25"
    assert not [heading for heading in values["tables"] if "probes" in heading]
    assert values["notes"][0] == "Posterior collapse: 2 of 3."


def test_the_table_shows_every_number_with_what_it_depends_on():
    text = " ".join(table([FULL]).split())
    for expected in (
        "model mine, version 3",
        "data Faces, 1,000 images of the test split",
        "binarization dynamic",
        "seed 7",
        "time 1 min 15 s",
        "−ELBO (nats) 101.23 ± 0.25",
        "−log p(x), upper bound (nats) 97.50 ± 0.24",
        "due to sampling ± 0.012",
        "effective samples (median) 42.0",
        "samples of z per image 5,000",
        "MSE, pixels in [0, 1] 0.01250 ± 0.00010",
        "SSIM, window 8 0.8500",
        "active units 1 of 3",
        "0.100 … 2.500, median 0.400",
        "FID, N(0, I) 12.500",
        "KID × 1,000, N(0, I) 2.000 ± 0.500",
        "2,000 against 1,000",
        "a classifier; pixels in [0, 1]",
        "mean of 2 0.850 0.700 0.800",
        "Smiling 0.900 0.800 0.850",
        "Male 0.01300 ± 0.00020, n = 400",
        "not Male 0.01200, n = 1",
        "Posterior collapse: 2 of 3.",
        "kvae evaluate mine faces",
        "tensorflow 2.21.0",
    ):
        assert expected in text


def test_models_are_side_by_side():
    other = replace(FULL, model="other", pixels=replace(FULL.pixels, mse=0.5))
    lines = {
        line.split("  ")[1]: line for line in table([FULL, other]).splitlines() if "  " in line
    }
    mse = lines["MSE, pixels in [0, 1]"]
    assert mse.index("0.01250") == lines["model"].index("mine, version 3")
    assert mse.index("0.50000") == lines["model"].index("other, version 3")
    text = table([FULL, AUTOENCODER])
    assert next(line for line in text.splitlines() if "active units" in line).endswith("–")
    assert "mine: Posterior collapse" in text


def test_a_weighted_loss_is_named_so():
    weighted = replace(FULL, likelihood=Likelihood(None, 10, 5.0, 0.1, 4.0, 25.0))
    text = table([weighted])
    assert "  reconstruction + β × KL (weighted)  5.0000 ± 0.1000\n" in text
    assert "ELBO" not in text
    assert "bits" not in text


def test_equal_evaluations_are_comparable():
    assert incomparable([FULL]) == []
    assert incomparable([FULL, replace(FULL, model="other"), AUTOENCODER]) == []


WEIGHTED = Likelihood(None, 5000, 5.0, 0.1, 4.0, 25.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"binarization": "static"},
            "different binarizations are not comparable: dynamic, static",
        ),
        ({"split": "train"}, "Different images"),
        ({"images": 999}, "Different images"),
        ({"seed": 8}, "Different images"),
        ({"image_shape": (16, 16, 1)}, "Different image sizes"),
        ({"likelihood": replace(LIKELIHOOD, kind="density")}, "mass, density. Compare bits/dim"),
        (
            {"likelihood": replace(LIKELIHOOD, kind="cross-entropy")},
            "of a cross-entropy, or of a weighted loss, compare MSE and KL",
        ),
        ({"likelihood": WEIGHTED}, "compare MSE and KL"),
        ({"likelihood": replace(LIKELIHOOD, importance_samples=50)}, "here 5,000, 50"),
        (
            {"samples": {"N(0, I)": replace(QUALITY, extractor="Inception")}},
            "extractors are not comparable",
        ),
        ({"samples": {"N(0, I)": replace(QUALITY, count=50)}}, "falls with the number of images"),
    ],
)
def test_incomparable_numbers_are_listed_with_the_reason(changes, words):
    other = replace(FULL, model="other", **changes)
    assert [note for note in incomparable([FULL, other]) if words in note]
    assert words in table([FULL, other])


def test_two_weighted_losses_have_no_common_unit():
    pair = [replace(FULL, likelihood=WEIGHTED)] * 2
    assert "Weighted losses have no unit" in incomparable(pair)[0]


def test_few_effective_samples_are_reported_as_a_loose_bound():
    loose = replace(FULL, likelihood=replace(LIKELIHOOD, effective_samples=1.3))
    assert "at most 1.3 effective samples" in table([loose])
    assert "loose" not in table([FULL])
