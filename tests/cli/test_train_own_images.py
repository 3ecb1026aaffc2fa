"""`kvae train` on images of one's own, with its defaults but for a smaller network."""

import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from keras_vae.inference import registry
from keras_vae.latent_space.priors import fewest_images
from keras_vae.training import trainer
from keras_vae.training.run_directory import Run, read_json
from tests.cli.training import train
from tests.files.fake_hub import files_of

pytestmark = pytest.mark.slow  # trains

SMALL = ["--filters", "4,4", "--precision", "float32"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("own")
    return ["--cache-dir", root / "cache"], root


@pytest.fixture(scope="module")
def trained(photos, folders):
    """Forty photos of 32×32, fewer than a batch and than the latents."""
    words, root = folders
    np.savez(root / "mine.npz", images=photos[::13])
    run = root / "runs" / "mine"
    options = ["--epochs", 1, "--run-dir", run, "--models-dir", root / "models"]
    return train(root / "mine.npz", *SMALL, *words, *options).output, Run.open(run), root


def test_the_default_is_the_network_that_needs_no_labels(trained):
    output, run, _ = trained
    preset = run.config().preset
    assert "Preset   own-images" in output
    assert preset.image_shape == (32, 32, 3)
    assert preset.network.kind == "pca"
    assert not preset.objective.needs_teacher
    assert "Size" not in output


def test_a_batch_larger_than_the_set_is_reduced_and_said(trained):
    output, run, _ = trained
    assert "Batch    32 images instead of 64: there are 32 training images" in output
    assert run.config().preset.batch_size == 32
    assert re.search(r"^Steps +1 of 32 images in 1 epoch", output, re.MULTILINE)


def test_that_there_are_too_few_images_for_a_fitted_prior_is_said(trained):
    output, run, _ = trained
    latents = run.config().preset.latent_dim
    fitted = f"none was fitted to its 32 training images, since {latents} dimensions of z need "
    assert f"Prior:       N(0, I) only; {fitted}{fewest_images(latents)}. Train with more" in output


@pytest.mark.parametrize(
    ("words", "said", "patience"),
    [
        ([], "50 of 32 images in each of at most 20 epochs, 50 passes .*; ends 5 after", 5),
        (["--early-stop", 9], "; ends 9 after the best", 9),
        (["--epochs", 2], "1 of 32 images in each of 2 epochs\n", None),
    ],
)
def test_a_small_set_trains_until_it_overfits(trained, folders, monkeypatch, words, said, patience):
    configs = []
    monkeypatch.setattr(trainer, "train", lambda config, *_, **__: configs.append(config))
    (where, root), run = folders, ["--run-dir", folders[1] / "untrained", "--no-export"]
    output = train(root / "mine.npz", *SMALL, *where, *words, *run, ok=False).output
    assert re.search(said, output)
    assert configs[0].early_stop == patience


@pytest.mark.parametrize(
    ("words", "said", "kinds"),
    [
        ([], "Left out perceptual loss, distillation loss: mine has neither labels", ["mmd"]),
        (["--distillation-weight", 5], "", ["perceptual", "distillation", "mmd"]),
    ],
)
def test_terms_that_need_labels_are_left_out_unless_asked_for(
    trained, folders, monkeypatch, words, said, kinds
):
    configs = []
    monkeypatch.setattr(trainer, "train", lambda config, *_, **__: configs.append(config))
    (where, root), run = folders, ["--run-dir", folders[1] / "untrained", "--no-export"]
    output = train(root / "mine.npz", "--preset", "celeba64", *where, *words, *run, ok=False).output
    assert said in output
    assert ("Left out" in output) == bool(said)
    assert [term.kind for term in configs[0].preset.objective.terms] == kinds


def test_a_set_too_small_for_a_validation_split_says_so(photos, folders, monkeypatch):
    (words, root), run = folders, folders[1] / "runs" / "few"
    options = ["--run-dir", run, "--epochs", 1, "--no-export"]
    np.savez(root / "one.npz", images=photos[:1])
    refused = train(root / "one.npz", *SMALL, *words, *options, ok=False)
    assert "must have at least 2 training images. Received: 1 in 'one'" in str(refused.exception)
    assert not run.exists()
    monkeypatch.setattr(trainer, "train", lambda *_, **__: None)
    np.savez(root / "nine.npz", images=photos[:9])
    said = train(root / "nine.npz", *SMALL, *words, *options, ok=False).output
    assert (
        "Split    fewer than 10 images, of which all train: no validation loss\n"
        "Weights  of the epoch with the lowest training loss are exported\n"
    ) in said
    annealed = [*options, "--annealing", "linear", "--annealing-steps", 9, "--overwrite"]
    said = train(root / "nine.npz", *SMALL, *words, *annealed, ok=False).output
    assert "Weights  of the last epoch are exported: the losses of epochs do not compare\n" in said


def test_the_error_of_pca_stands_beside_the_model_s(trained):
    output, *_ = trained
    own, ratio, pca = map(
        float,
        re.search(r"MSE at z_mean, test images: ([\d.]+), ([\d.]+) times that of PCA .*"
                  r"\(([\d.]+)\)", output).groups(),
    )  # fmt: skip
    assert ratio == pytest.approx(own / pca, abs=0.02)
    assert ratio < 1.1


def test_the_exported_model_reconstructs_as_well_as_the_trained_one(trained, photos):
    _, run, root = trained
    model = registry.load(root / "models" / "mine", runtime="tensorflow")
    images = photos[::13]
    z = model.encode(images)[0]
    error = np.mean(np.square((model.decode(z).astype(float) - images) / 255.0))
    losses, counts = read_json(run.metrics_file), run.config().provenance["counts"]
    measured = sum(counts[split] * losses[split]["mse_of_mean"] for split in counts) / len(images)
    assert error == pytest.approx(measured, rel=0.05)


def test_the_model_can_be_trained_further(trained, photos, folders):
    words, root = folders
    np.savez(root / "more.npz", images=photos[5::26])
    start = ["--start-from", root / "runs" / "mine", "--epochs", 1, "--no-export"]
    output = train(root / "more.npz", *start, *words, "--run-dir", root / "runs" / "more").output
    assert "fine-tuned" in output
    run = Run.open(root / "runs" / "more")
    assert [row["epoch"] for row in run.history()] == [0, 1]
    # New weights would begin as the components of these few images alone.
    error = read_json(run.metrics_file)["test"]
    assert error["mse_of_mean"] < error["mse_of_pca"]


@pytest.mark.parametrize("start", ["mine", "models/mine", "models/mine/1"])
def test_a_model_to_start_from_is_found_by_its_name_and_by_its_path(
    start, trained, folders, monkeypatch
):
    root = folders[1]
    monkeypatch.chdir(root)
    monkeypatch.setenv("KVAE_MODELS", str(root / "models"))
    printed = train(root / "mine.npz", "--start-from", start, "--print-config")
    assert Path(yaml.safe_load(printed.stdout)["start_from"]) == root / "models" / "mine" / "1"


def test_a_model_on_the_hub_can_be_trained_further(trained, folders, hub):
    root = folders[1]
    hub.add("user/mine", files_of(root / "models" / "mine"))
    printed = train(root / "mine.npz", "--start-from", "hf://user/mine", "--print-config")
    start = Path(yaml.safe_load(printed.stdout)["start_from"])
    assert files_of(start) == files_of(root / "models" / "mine" / "1")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--latent", 3], r"--latent has no effect with --start-from"),
        (
            ["--image-size", "64"],
            r"--image-size must be 32×32 with --start-from .* images are scaled",
        ),
    ],
)
def test_another_architecture_than_that_of_the_start_is_refused(trained, folders, option, message):
    words, root = folders
    start = ["--start-from", root / "runs" / "mine", "--run-dir", root / "refused"]
    result = train(root / "mine.npz", *start, *words, *option, ok=False)
    assert result.exit_code == 2
    assert re.search(message, " ".join(result.stderr.split()))
    assert not (root / "refused").exists()


def test_large_photos_train_at_another_size_which_is_said(trained, photos, folders):
    root = folders[1]
    folder = root / "photos"
    folder.mkdir()
    for number, tile in enumerate(photos[:24]):
        Image.fromarray(tile).resize((200, 150)).save(folder / f"{number}.png")
    printed = train(folder, *SMALL, "--print-config")
    assert yaml.safe_load(printed.stdout)["preset"]["image_shape"] == [48, 64, 3]
    assert "Size     48×64, from images of 150×200; --image-size for another" in printed.stderr
    start = ["--start-from", root / "runs" / "mine"]
    printed = train(folder, *start, "--print-config")
    assert "Size     32×32, from images of 150×200; that of the model" in printed.stderr
