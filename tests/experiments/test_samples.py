import numpy as np

from keras_vae.experiments.samples import CELL, SHOWN, sample_sheet
from keras_vae.plotting import strip


def test_each_model_has_a_line_of_its_own_samples(small_cells, planted):
    noise = np.random.default_rng(0).integers(0, 256, (2, 40, 8, 8, 1), np.uint8)
    samples = dict(zip((3, 5), noise, strict=True))
    results = planted(
        small_cells(3, 5),
        numbers=lambda cell: {},
        arrays=lambda cell: {"samples": samples[cell.overrides["latent_dim"]]},
    )
    models = {f"z = {row['latent_dim']}": row for row in reversed(results.rows)}
    expected = strip(
        [samples[5][:SHOWN], samples[3][:SHOWN]], [""] * SHOWN, ["z = 5", "z = 3"], "Draws", CELL
    )
    np.testing.assert_array_equal(sample_sheet(results, models, "Draws"), expected)
