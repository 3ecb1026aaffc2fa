import numpy as np

from keras_vae.experiments.figures import (
    CELL,
    SHOWN,
    _panel,
    labelled,
    listed_figures,
    sample_figure,
)
from keras_vae.files.pictures import grid
from keras_vae.plotting import strip


def test_each_setting_has_a_row_of_its_own_samples(small_cells, planted):
    noise = np.random.default_rng(0).integers(0, 256, (2, 40, 8, 8, 1), np.uint8)
    samples = dict(zip((3, 5), noise, strict=True))
    results = planted(
        small_cells(3, 5),
        numbers=lambda cell: {},
        arrays=lambda cell: {"samples": samples[cell.overrides["latent_dim"]]},
    )
    expected = strip(
        [samples[3][:SHOWN], samples[5][:SHOWN]], [""] * SHOWN, ["z = 3", "z = 5"], "Samples", CELL
    )
    drawn = sample_figure(results, "Samples", "z = {latent_dim}")
    np.testing.assert_array_equal(drawn, expected)
    five = sample_figure(results, "Samples", "five", {"latent_dim": 5})
    assert five.height < drawn.height


def test_labels_can_be_listed(small_cells, planted):
    noise = {"samples": np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), np.uint8)}
    results = planted(small_cells(3, 5), lambda cell: {}, lambda cell: noise)
    rows = [noise["samples"][:SHOWN]] * 2
    expected = strip(rows, [""] * SHOWN, ["small", "large"], "Samples", CELL)
    np.testing.assert_array_equal(sample_figure(results, "Samples", ["small", "large"]), expected)


def test_each_cell_with_the_settings_has_a_figure(small_cells, planted):
    noise = np.random.default_rng(0).integers(0, 256, (6, 4, 8, 8, 1), np.uint8)
    arrays = dict(zip((3, 5), noise, strict=False))
    cells = [*small_cells(3, 5), *small_cells(5, seed=1)]
    results = planted(
        cells, lambda cell: {}, lambda cell: {"drawn": arrays[cell.overrides["latent_dim"]]}
    )
    about = {"grids": {"z-{latent_dim}.png": {"where": {"seed": 0}, "array": "drawn"}}}
    pictures = listed_figures(results, about)
    assert list(pictures) == ["z-3.png", "z-5.png"]
    np.testing.assert_array_equal(pictures["z-5.png"], grid(arrays[5]))


def test_a_label_writes_a_weight_without_zeros():
    assert labelled("λ = {beta:.0e}, z = {z}", {"beta": 1e-5, "z": 64}) == "λ = 1e-5, z = 64"


def test_curves_have_intervals_where_there_are_seeds(small_cells, planted):
    cells = [*small_cells(3, 5), *small_cells(5, seed=1)]
    results = planted(cells, lambda cell: {"loss": cell.overrides["latent_dim"] + 0.1 * cell.seed})
    panel = {"title": "Loss", "x": "z", "y": "nats", "by": "latent_dim"}
    curves = [{"name": "dense", "column": "loss", "report": [4.0, 5.0]}]
    drawn = _panel(results, iter(range(2, 9)), curves=curves, **panel)
    ours, report = drawn.lines
    assert (ours.name, report.name, report.dashed) == ("dense, ours", "dense, report", True)
    assert (list(ours.xs), list(ours.ys)) == ([3, 5], [3.0, 5.05])
    assert ours.errors[0] == 0.0 < ours.errors[1]
    assert (ours.colour, report.colour, list(drawn.ticks)) == (2, 2, [3, 5])
