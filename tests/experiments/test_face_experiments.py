"""The experiments on faces, judged by planted numbers."""

import numpy as np
import pytest

from keras_vae.experiments import attribute_contributions, get_experiment
from keras_vae.experiments.claims import STRENGTHS
from keras_vae.experiments.verdicts import CONFIRMED, DIRECTION, REFUTED

FACE = np.random.default_rng(0).integers(0, 255, (32, 32, 3), dtype=np.uint8)


@pytest.fixture
def drawn(planted):
    """The figures of planted results, by file."""

    def draw(name, numbers, arrays):
        experiment = get_experiment(name)
        cells = experiment.cells()
        return experiment.figures(planted(cells, numbers, arrays))

    return draw


def sizes(best, gap):
    """FID that is least at one latent, with seeds that differ by 1."""

    def numbers(cell):
        latent = cell.overrides["latent_dim"]
        fid = 20.0 + gap * (latent != best) + [0.0, 0.5, -0.5][cell.seed]
        return {"sample_fid": fid, "test_loss": 100.0 / latent, "test_mse_of_mean": 1.0 / latent}

    return numbers


@pytest.mark.parametrize(
    ("best", "gap", "verdict"),
    [(32, 9.0, CONFIRMED), (64, 9.0, CONFIRMED), (64, 0.1, DIRECTION), (16, 9.0, REFUTED)],
)
def test_a_size_is_best_beyond_the_noise_of_its_seeds(judged, best, gap, verdict):
    found = judged("latent-dim-faces", sizes(best, gap))["A2"]
    assert found.verdict == verdict
    assert f"lowest at {best};" in found.measured


def weights(best, gap):
    def numbers(cell):
        setting = (cell.overrides["beta"], cell.overrides["latent_dim"])
        fid = 20.0 + gap * (setting != best) + [0.0, 0.5, -0.5][cell.seed]
        return {"sample_fid": fid, "test_mse_of_mean": 0.01, "test_kl_loss": 50.0}

    return numbers


@pytest.mark.parametrize(
    ("best", "gap", "verdicts"),
    [
        ((1e-5, 64), 9.0, {"P1": CONFIRMED, "P2": CONFIRMED}),
        ((1e-5, 64), 0.1, {"P1": DIRECTION, "P2": DIRECTION}),
        ((1e-4, 64), 9.0, {"P1": REFUTED, "P2": REFUTED}),
        ((1e-5, 128), 9.0, {"P1": REFUTED, "P2": REFUTED}),
    ],
)
def test_a_weight_and_a_size_are_best(judged, best, gap, verdicts):
    def numbers(cell):
        row = weights(best, gap)(cell)
        if best == (1e-5, 128) and cell.overrides["beta"] == 1e-6:
            row["sample_fid"] = 12.0  # else all that P1 compares would be alike
        return row

    found = judged("kl-weight-faces", numbers)
    assert {claim: verdict.verdict for claim, verdict in found.items()} == verdicts


def test_seeds_are_spent_on_the_best_and_the_second_of_either_series(planted):
    def numbers(cell):
        order = {(1e-6, 64): 1.0, (1e-5, 128): 2.0, (1e-5, 64): 3.0}
        setting = (cell.overrides["beta"], cell.overrides["latent_dim"])
        return {"sample_fid": order.get(setting, 9.0)}

    experiment = get_experiment("kl-weight-faces")
    more = experiment.refine(planted(experiment.cells(), numbers))
    found = {(cell.overrides["beta"], cell.overrides["latent_dim"]) for cell in more}
    assert found == {(1e-6, 64), (1e-5, 64), (1e-5, 128)}
    assert {cell.seed for cell in more} == {1, 2}
    assert len(more) == 6


def pulled(step_ratio=1.2, pale=2.0, women=1.6):
    """Errors that grow by these factors when λ is raised, for the others by 1.3."""

    def numbers(cell):
        strong = cell.overrides["beta"] == 1e-4
        growth = {"Pale_Skin": pale, "not_Male": women}
        errors = {
            f"mse_{name}": 0.01 * (growth.get(name, 1.3) if strong else 1.0)
            for name in ("Pale_Skin", "not_Pale_Skin", "Male", "not_Male")
        }
        return {"step_ratio": step_ratio, "step_ratio_95": step_ratio + 0.1, **errors}

    return numbers


@pytest.mark.parametrize(
    ("changes", "verdicts"),
    [
        ({}, {"P3": CONFIRMED, "P4": CONFIRMED}),
        ({"step_ratio": 1.8}, {"P3": DIRECTION, "P4": REFUTED}),
        ({"step_ratio": 3.0}, {"P3": REFUTED, "P4": REFUTED}),
        ({"women": 1.0}, {"P3": CONFIRMED, "P4": DIRECTION}),
        ({"women": 1.0, "pale": 1.0}, {"P3": CONFIRMED, "P4": REFUTED}),
    ],
)
def test_interpolation_is_smooth_and_a_pull_costs_the_unusual(judged, changes, verdicts):
    found = judged("interpolation", pulled(**changes))
    assert {claim: verdict.verdict for claim, verdict in found.items()} == verdicts


@pytest.mark.parametrize(
    ("end", "verdict"),
    [([45.2, 45.0], CONFIRMED), ([43.0, 42.0], DIRECTION), ([40.0, 35.0], REFUTED)],
)
def test_a_curve_is_flat_by_what_its_last_rounds_bring(judged, end, verdict):
    losses = np.array([100, 60, 50, 49, 48, 47, 46, 45.5, *end])
    row = {"test_loss": 50.0, "epochs": 10}
    found = judged("rounds", lambda cell: row, lambda cell: {"history_loss": losses})["W1"]
    assert found.verdict == verdict
    assert f"{(45.5 - end[1]) / (100 - end[1]):.1%} of the decrease" in found.measured


def contributions(dots, half=0.1):
    names = [*dots, "Bald"]
    values = np.array([*dots.values(), -20.0])
    interval = np.stack([values - half, values + half], axis=1)
    return {
        "contribution_name": np.array(names),
        "contribution_dot": values,
        "contribution_cosine": values / 30,
        "contribution_dot_interval": interval,
        "contribution_cosine_interval": interval / 30,
    }


@pytest.mark.parametrize(
    ("change", "half", "verdict"),
    [
        ({}, 0.1, CONFIRMED),
        ({"Smiling": 1.0}, 0.1, DIRECTION),
        ({}, 1.5, DIRECTION),  # Smiling's interval holds 0
        ({"Young": -9.0, "Male": 9.0, "Eyeglasses": 9.9}, 0.1, REFUTED),
    ],
)
def test_contributions_have_the_claimed_signs_beyond_their_intervals(judged, change, half, verdict):
    dots = {**attribute_contributions.CLAIMED, **change}
    found = judged(
        "attribute-contributions", lambda cell: {}, lambda cell: contributions(dots, half)
    )["J5"]
    assert found.verdict == verdict
    assert "Young" in found.measured


def probed(least=0.8, mean=0.9, rise=0.05):
    numbers = {"least_auc": least, "mean_auc": mean, "mean_balanced_accuracy": 0.8}
    for name in ("Smiling", "Male"):
        numbers |= {f"{name}_least_rise": rise, f"{name}_rise": 0.6}
    return numbers


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, CONFIRMED),
        ({"least": 0.6}, DIRECTION),
        ({"rise": -0.01}, DIRECTION),
        ({"least": 0.5, "mean": 0.7}, REFUTED),
    ],
)
def test_attributes_are_separable_if_all_probes_work(judged, changes, verdict):
    found = judged("attribute-probes", lambda cell: probed(**changes), lambda cell: PROBES)["A3"]
    assert found.verdict == verdict
    assert "40 attributes, above 0.75 for 24, lowest (" in found.measured
    assert "up) for Attribute_0, Attribute_1, Attribute_2, Attribute_3;" in found.measured


PROBES = {
    "probe_names": np.array([f"Attribute_{number}" for number in range(40)]),
    "probe_auc": np.linspace(0.6, 0.99, 40),
    "probe_balanced_accuracy": np.linspace(0.5, 0.9, 40),
}


def walks(names):
    rng = np.random.default_rng(0)
    moved = np.broadcast_to(FACE, (4, len(STRENGTHS), *FACE.shape))
    scores = np.sort(rng.uniform(size=len(STRENGTHS)))
    return {f"walk_{n}": moved for n in names} | {f"scores_{n}": scores for n in names}


def test_probes_and_traversals_are_drawn(drawn):
    arrays = {**PROBES, **walks(["Smiling", "Male"])}
    pictures = drawn("attribute-probes", lambda cell: {}, lambda cell: arrays)
    assert set(pictures) == {
        "attribute-probes.png",
        "traversal-smiling.png",
        "traversal-male.png",
    }
    pixels = np.asarray(pictures["attribute-probes.png"].convert("L"))
    edges = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    assert (edges == 255).all()  # nothing is cut off


def shipped(**changes):
    row = {
        "drawn_auc": 0.7,
        "drawn_sharpness": 0.8,
        "rebuilt_auc": 0.6,
        "test_mse_of_mean": 0.003,
        "layers": 9,
        "channels": 1027,
        "varied_channels": 1027,
        "latent_auc": 0.85,
        "map_auc": 0.7,
        "Attractive_step_ratio": 1.2,
        "Attractive_least_rise": 0.01,
    }
    return {**row, **changes}


@pytest.mark.parametrize(
    ("changes", "verdicts"),
    [
        ({}, [CONFIRMED] * 4),
        (
            {"drawn_auc": 0.9, "varied_channels": 1000, "map_auc": 0.5, "Attractive_step_ratio": 2},
            [DIRECTION] * 4,
        ),
        ({"drawn_sharpness": 0.3}, [DIRECTION, CONFIRMED, CONFIRMED, CONFIRMED]),
        (
            {"drawn_auc": 0.99, "layers": 8, "latent_auc": 0.6, "Attractive_least_rise": -0.1},
            [REFUTED] * 4,
        ),
    ],
)
def test_the_shipped_model_is_judged(judged, changes, verdicts):
    arrays = {"scores_Attractive": np.linspace(0, 1, 7)}
    found = judged("face-model", lambda cell: shipped(**changes), lambda cell: arrays)
    assert [found[claim].verdict for claim in ("W2", "W3", "W4", "W5")] == verdicts
    assert "25.2 dB" in found["W2"].measured


def published(nll=86.5, best=83.5, faces=(63.0, 45.0, 17.6), clothes=(132.8, 127.8, 5.05)):
    """Losses of the last epoch, the clothes' in Foster's unit."""
    unit = {"celeba": 1.0, "fashion_mnist": 1024 / 500}
    terms = {"celeba": faces, "fashion_mnist": clothes}

    def numbers(cell):
        value = best if "mnist-best" in cell.key else nll
        return {"nll": value, "nll_error": 0.2, "draws": 5000}

    def arrays(cell):
        total, reconstruction, kl = terms.get(cell.data, (0.0, 0.0, 0.0))
        scale = unit.get(cell.data, 1.0)
        ends = {"loss": total * scale, "reconstruction_loss": reconstruction * scale, "kl_loss": kl}
        return {f"history_{name}": np.array([999.0, value]) for name, value in ends.items()}

    return numbers, arrays


@pytest.mark.parametrize(
    ("changes", "verdicts"),
    [
        ({}, [CONFIRMED] * 4),
        (
            {"nll": 84.0, "best": 85.0, "faces": (50.0, 33.0, 17.0), "clothes": (120.0, 115.0, 5)},
            [DIRECTION] * 4,
        ),
        (
            {"nll": 95.5, "best": 90.0, "faces": (50.0, 40.0, 10.0), "clothes": (120.0, 112.0, 8)},
            [REFUTED] * 4,
        ),
    ],
)
def test_published_losses_are_reached_or_not(judged, changes, verdicts):
    found = judged("published-losses", *published(**changes))
    assert [found[claim].verdict for claim in ("O1", "O2", "O3", "O4")] == verdicts


def test_the_weight_of_fosters_cross_entropy_is_that_of_the_book():
    fashion = get_experiment("published-losses").cells()[0].resolved
    objective = fashion.objective
    assert (objective.likelihood.kind, objective.bound.beta) == ("bernoulli", 1024 / 500)
    filters = [conv.filters for conv in fashion.network.decoder]
    assert filters == [128, 64, 32, None]


def test_samples_by_setting_are_drawn(drawn):
    arrays = {"samples": np.broadcast_to(FACE, (40, *FACE.shape))}
    planted = {"latent-dim-faces": sizes(32, 1), "kl-weight-faces": weights((1e-5, 64), 1)}
    for name, numbers in planted.items():
        pictures = drawn(name, numbers, lambda cell: arrays)
        assert set(pictures) == {f"{name}.png", f"{name}-samples.png"}
        assert min(pictures[f"{name}.png"].size) > 700
