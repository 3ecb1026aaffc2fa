"""Weights & Biases and MLflow, where they are installed: they are large, and in no extra."""

import keras
import pytest
from keras import layers

from keras_vae.models import VAE

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("error::UserWarning")]
LOGGED = {"loss", "reconstruction_loss", "kl_loss", "mse", "mae"}


@pytest.fixture
def train(digits, tmp_path, monkeypatch):
    """Train for three epochs in an empty folder; what `fit` returns."""
    monkeypatch.chdir(tmp_path)
    image, z = keras.Input((8, 8, 1)), keras.Input((3,))
    features = layers.Flatten()(image)
    encoder = keras.Model(image, [layers.Dense(3)(features) for _ in range(2)])
    decoded = layers.Reshape((8, 8, 1))(layers.Dense(64, activation="sigmoid")(z))
    vae = VAE.from_networks(encoder, keras.Model(z, decoded), seed=0)
    vae.compile(optimizer="adam", metrics=["mae"], jit_compile=False)

    def fit(**options):
        return vae.fit(digits.images[:128], epochs=3, validation_split=0.5, verbose=0, **options)

    return fit


def test_the_callbacks_of_weights_and_biases(train, tmp_path, monkeypatch):
    wandb = pytest.importorskip("wandb")
    from wandb.integration.keras import WandbMetricsLogger, WandbModelCheckpoint

    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    with wandb.init(dir=tmp_path) as run:
        checkpoint = WandbModelCheckpoint(str(tmp_path / "vae.keras"))
        history = train(callbacks=[WandbMetricsLogger(log_freq=1), checkpoint]).history
        summary = dict(run.summary)
    for name in LOGGED:
        assert summary[f"epoch/{name}"] == pytest.approx(history[name][-1])
        assert summary[f"epoch/val_{name}"] == pytest.approx(history[f"val_{name}"][-1])
    assert summary["epoch/learning_rate"] == pytest.approx(1e-3)
    assert isinstance(keras.saving.load_model(tmp_path / "vae.keras"), VAE)


@pytest.mark.parametrize("automatic", [False, True])
def test_the_callback_and_the_autologging_of_mlflow(automatic, train, tmp_path, monkeypatch):
    pytest.importorskip("mlflow")
    import mlflow.keras

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    mlflow.keras.autolog(disable=not automatic, log_models=False)
    try:
        with mlflow.start_run() as run:
            callbacks = [] if automatic else [mlflow.keras.MlflowCallback(run)]
            history = train(callbacks=callbacks or None).history
    finally:
        mlflow.keras.autolog(disable=True)
    data = mlflow.get_run(run.info.run_id).data
    for name in LOGGED:
        assert data.metrics[f"val_{name}"] == pytest.approx(history[f"val_{name}"][-1])
    assert data.params["optimizer_beta_1"] == "0.9"
