"""The experiments on digits, judged by planted numbers."""

import numpy as np
import pytest

from keras_vae.experiments import EXPERIMENTS, get_experiment
from keras_vae.experiments.claims import CLAIMS
from keras_vae.experiments.latent_dim import CLAIMED as LOSSES
from keras_vae.experiments.latent_dim import CONVOLUTIONAL, DENSE, ZHAO
from keras_vae.experiments.verdicts import CONFIRMED, DIRECTION, REFUTED

CLAIMED = {preset: dict(zip(ZHAO, losses, strict=True)) for preset, losses in LOSSES.items()}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_has_distinct_cells_and_judges_what_nothing_else_does(name):
    experiment = get_experiment(name)
    assert experiment.name == name
    cells = experiment.cells()
    assert len({cell.key for cell in cells}) == len(cells)
    others = (get_experiment(other).claims for other in EXPERIMENTS if other != name)
    assert set(experiment.claims) == set(CLAIMS) - {claim for claims in others for claim in claims}


def test_an_unknown_experiment_is_answered_with_near_ones():
    with pytest.raises(ValueError, match=r"'latent-dims'. Did you mean .*latent-dim"):
        get_experiment("latent-dims")


def zhao(cell, factor=1.0):
    latent = cell.overrides["latent_dim"]
    loss = CLAIMED.get(cell.preset, {}).get(latent, 100.0 / latent) * factor
    fid = {1: 100.0, 2: 40.0}.get(latent, 38.0)
    return {"epoch_loss": loss + 0.1 * cell.seed, "test_loss": loss, "sample_fid": fid}


def test_losses_as_claimed_are_confirmed(judged):
    found = judged("latent-dim", zhao)
    assert {claim: verdict.verdict for claim, verdict in found.items()} == {
        "A1": CONFIRMED,
        "Z4": CONFIRMED,
        "Z5": CONFIRMED,
    }
    assert "better at 20:" in found["Z5"].measured


def test_losses_of_the_same_course_are_the_direction_only(judged):
    found = judged("latent-dim", lambda cell: zhao(cell, 1.1))
    assert found["Z4"].verdict == found["Z5"].verdict == DIRECTION


def test_a_crossing_elsewhere_is_not_confirmed(judged):
    def crossed(cell):
        row = zhao(cell)
        if cell.preset == CONVOLUTIONAL:
            row["epoch_loss"] = CLAIMED[DENSE][cell.overrides["latent_dim"]] + 5 + 0.1 * cell.seed
        return row

    found = judged("latent-dim", crossed)
    assert found["Z5"].verdict == REFUTED
    assert "better at no z" in found["Z5"].measured


def test_more_seeds_are_spent_where_the_networks_are_close(planted):
    experiment = get_experiment("latent-dim")
    more = experiment.refine(planted(experiment.cells(), zhao))
    close = {
        z
        for z in ZHAO
        if abs(CLAIMED[DENSE][z] - CLAIMED[CONVOLUTIONAL][z]) < 0.1 * CLAIMED[DENSE][z]
    }
    assert {cell.overrides["latent_dim"] for cell in more} == close | {20}
    assert {cell.seed for cell in more} == {1, 2}


@pytest.mark.parametrize(
    ("plain", "spread", "verdict"),
    [(132.5, 128.0, CONFIRMED), (150.0, 131.0, DIRECTION), (150.0, 150.0, REFUTED)],
)
def test_the_elbo_is_about_132(judged, plain, spread, verdict):
    def numbers(cell):
        loss = spread if cell.overrides["spread"] else plain
        return {"epoch_loss": loss, "train_loss": loss, "test_loss": loss}

    assert judged("elbo-curve", numbers)["J1"].verdict == verdict


def test_curves_are_drawn_for_each_latent(planted):
    history = {name: np.geomspace(200, 130, 30) for name in ("history_loss", "history_val_loss")}
    experiment = get_experiment("elbo-curve")
    numbers = {"images": 30 * 54_912, "epochs": 30}
    results = planted(experiment.cells(), lambda cell: numbers, lambda cell: history)
    picture = experiment.figures(results)["elbo-curve.png"]
    assert picture.width > 2500  # three panels in a row


@pytest.mark.parametrize(("sign", "verdict"), [(1, CONFIRMED), (-1, REFUTED)])
def test_small_c_leaves_gaps_and_large_c_blurs(judged, sign, verdict):
    def numbers(cell):
        c = cell.overrides["variance"]
        return {
            "prior_coverage": 0.5 + sign * 0.1 * np.log10(c),
            "mmd": -sign * np.log10(c),
            "test_mse_of_mean": 0.05 + sign * 0.01 * c,
            "test_kl_loss": 5.0,
        }

    assert judged("kl-weight", numbers)["Z6"].verdict == verdict


def test_an_autoencoders_codes_are_told_from_a_vaes(judged):
    def numbers(cell):
        wide = not cell.overrides["stochastic"]
        spread, covered = (9.0, 0.4) if wide else (1.0, 0.95)
        noise = 0.01 * cell.seed
        return {"code_spread": spread + noise, "prior_coverage": covered + noise}

    assert judged("autoencoder-vs-vae", numbers)["Z0"].verdict == CONFIRMED
    same = {"code_spread": 1.0, "prior_coverage": 0.9}
    assert judged("autoencoder-vs-vae", lambda cell: same)["Z0"].verdict == REFUTED


def test_single_models_are_compared_with_their_numbers(judged):
    losses = {
        (DENSE, "mnist"): (293, 14.0),
        (DENSE, "fashion_mnist"): (216, 13.4),
        (CONVOLUTIONAL, "mnist"): (322, 14.0),
        (CONVOLUTIONAL, "fashion_mnist"): (246, 0.0),
    }

    def numbers(cell):
        reconstruction, kl = losses.get((cell.preset, cell.data), (100.0, 5.0))
        terms = {"reconstruction_loss": reconstruction, "kl_loss": kl, "loss": reconstruction + kl}
        row = {
            f"{split}_{term}": value for split in ("train", "test") for term, value in terms.items()
        }
        return {**row, "epoch_loss": 0.0, "train_mse": 0.04, "test_mse": 0.0405, "batch_mse": 0.04}

    points = np.random.default_rng(0).normal(size=(200, 2))
    quadrants = (points[:, 0] > 0) * 2 + (points[:, 1] > 0)
    arrays = {"z_mean": points + 5 * np.sign(points), "labels": quadrants}
    found = judged("single-models", numbers, lambda cell: arrays)
    expected = {"Z1": CONFIRMED, "Z2": CONFIRMED, "Z3": DIRECTION, "J3": CONFIRMED, "J4": CONFIRMED}
    assert {claim: verdict.verdict for claim, verdict in found.items()} == expected
