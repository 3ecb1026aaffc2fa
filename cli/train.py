"""`kvae train`: a data set and a preset in, a run directory and a SavedModel out."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keras_vae.choices import (
    LAST_RATES,
    NORMALIZATIONS,
    RATE_RULES,
    RESAMPLINGS,
    STRATEGIES,
    UPSAMPLINGS,
)
from keras_vae.files.naming import plural, printable

from .command import command, option, section
from .command_line import refuse, typed
from .configuration import (
    asked_precision,
    compare_data,
    fitted,
    read_with_options,
    sized,
    started_from,
)
from .data import default_for, report_left_out, times
from .data_source import ALIGN_FACES, DataSource, data_options
from .progress import progress_bar
from .quiet import load_tensorflow
from .training import (
    CHANGEABLE,
    PRECISION,
    Resumable,
    RunOptions,
    card_command,
    interruptible,
    report_position,
    run_options,
    training_bar,
)
from .types import (
    BINARIZATION,
    IMAGE_SIZE,
    INTEGERS,
    NAME,
    NAME_OR_PATH,
    NAMES,
    POSITIVE,
    RANDOM_SEED,
    Integer,
    Number,
)

if TYPE_CHECKING:
    from keras_vae.datasets import ImageDataset
    from keras_vae.presets import Bound, Preset
    from keras_vae.training.interruption import Interruption
    from keras_vae.training.run_directory import Run, RunConfig

EPILOG = """\b
Examples:
  kvae train mnist --latent 3 --epochs 30
  kvae train celeba --latent 200 --data-dir ~/celeba
  kvae train ~/photos --start-from celeba64
  kvae train --resume runs/celeba --epochs 20
  kvae train mnist --beta 4 --print-config > run.yaml
  kvae train --config run.yaml --seed 1
  kvae train celeba --workers host0:2222,host1:2222 --index 0   (and --index 1 on host1)
"""

# A warning is printed if reading the input is not at least this many times as fast as training.
READING_MARGIN = 10
KL_OPTIONS = ("beta", "annealing", "annealing_steps", "free_bits")
MOST_TIMES = 1_000  # the error of PCA; more is no ratio but rounding
PRINTED = 1e-5  # share of a loss that its five digits do not show

DATA = data_options(
    option("--image-size", IMAGE_SIZE),
    option("--resampling", [*RESAMPLINGS]),
    option("--binarization", BINARIZATION),
    option("--random-flip/--no-random-flip"),
    option("--limit", Integer(1)),
    ALIGN_FACES,
)
NETWORK = section(
    "Network",
    option("--preset preset_name", NAME, show_default="the data set's"),
    option("--start-from start_from", NAME_OR_PATH, metavar="NAME|PATH|RUN"),
    option("--conditional/--unconditional"),
    option("--latent latent_dim", Integer(1)),
    option("--hidden", INTEGERS),
    option("--filters", INTEGERS),
    option("--kernels", INTEGERS),
    option("--strides", INTEGERS),
    option("--activation", NAME),
    option("--normalization", [*NORMALIZATIONS]),
    option("--upsampling", [*UPSAMPLINGS]),
)
OBJECTIVE = section(
    "Objective",
    option("--objective likelihood", NAME),
    option("--variance", POSITIVE),
    option("--mse-weight weight", POSITIVE),
    option("--beta", Number(0)),
    # Copied from keras_vae.presets.Annealing.kinds: `--help` imports no library.
    option("--annealing", ["constant", "linear", "cyclical"]),
    option("--annealing-steps", Integer(1)),
    option("--free-bits", Number(0)),
    option("--importance-samples", Integer(1)),
    option("--perceptual-weight", Number(0)),
    option("--distillation-weight", Number(0)),
    option("--mmd-weight", Number(0)),
    option("--identity-weight", Number(0)),
    option("--identity-embedder", NAME_OR_PATH, metavar="classifier|dlib|FILE"),
    option("--identity-start", Integer(0)),
    option("--texture-weight", Number(0)),
    option("--texture-start", Integer(0)),
    option("--adversarial-weight", Number(0)),
    option("--adversarial-start", Integer(0)),
    option("--stochastic/--autoencoder"),
)
OPTIMIZATION = section(
    "Optimization",
    option("--epochs", Integer(1)),
    option("--batch-size", Integer(1)),
    option("--learning-rate", POSITIVE),
    option("--scale-learning-rate", [*RATE_RULES], "none"),
    option("--decay", [*LAST_RATES]),
    option("--warmup-steps", Integer(0)),
    option("--ema-momentum", Number(0, 1, max_open=True)),
    option("--early-stop", Integer(1)),
    option("--seed", RANDOM_SEED, 0),
)
DEVICES = section(
    "Devices",
    PRECISION,
    option("--strategy", [*STRATEGIES], "auto"),
    option("--workers", NAMES, metavar="HOST:PORT,…", show_default="the variable TF_CONFIG"),
    option("--index", Integer(0)),
)
RUN = run_options(
    "the preset's, or the data set's if the preset belongs to another",
    option("--export/--no-export", default=True),
)


@command(epilog=EPILOG)
@click.argument("dataset", required=False)
@DATA
@NETWORK
@OBJECTIVE
@OPTIMIZATION
@DEVICES
@RUN
def train(
    dataset: str | None,
    source: DataSource,
    runs: RunOptions,
    preset_name: str | None,
    start_from: str | None,
    limit: int | None,
    seed: int,
    precision: str,
    strategy: str,
    workers: tuple[str, ...] | None,
    index: int | None,
    scale_learning_rate: str,
    early_stop: int | None,
    export: bool,
    **changes: Any,
) -> None:
    """Train a model on DATASET and export it.

    Options without a default here have the preset's value as their default.

    Args:
        dataset: A name that `kvae data list` prints, or the path of your own images: a folder, a
            .zip, arrays (.npz, .npy) or pixels (.csv).
        source: Folders of the data set and of prepared images.
        runs: Run directory and folder of the model.
        start_from: Model that is trained further: an exported model or the best epoch of a run.
        preset_name: Network, objective and optimization; `kvae presets` prints the names.
        limit: Maximum number of training images.
        seed: Seed of all random numbers. It repeats a run exactly, with the same --precision and
            devices.
        precision: Arithmetic of the networks; auto: bfloat16 for convolutions if that is faster.
        strategy: Devices: one, all of this machine, or those of all workers.
        workers: The machines that train together, the same list on each; the first writes the run.
        index: Index of this worker in the list, from 0.
        scale_learning_rate: Scaling of the learning rate with --batch-size divided by the preset's
            batch size.
        early_stop: Number of epochs without a lower validation loss after which training stops; by
            default 5 for a small set of images of your own, else never.
        export: Whether to write a SavedModel.
        **changes: Values that override those of the preset:
        image_size: Height and width, as 64 or 64x48.
        resampling: How images are scaled; bicubic keeps more detail of larger ones.
        binarization: How grey pixels become black or white.
        random_flip: Whether training images are mirrored randomly.
        conditional: Whether the networks also take the label of an image: `kvae generate --label`
            then chooses what is generated.
        latent_dim: Number of latent dimensions.
        hidden: Widths of the dense layers.
        filters: Filters of the convolutions.
        kernels: Kernel sides of the convolutions.
        strides: Strides of the convolutions.
        activation: Keras name of the activation.
        normalization: Normalization after each convolution.
        upsampling: Upsampling in the decoder: transposed convolutions, or nearest neighbours.
        likelihood: Likelihood or reconstruction loss; `kvae presets` prints the names.
        variance: Variance c of gaussian and squared_error.
        weight: Weight of the mean squared error in mean_squared_error.
        beta: Weight of the KL divergence (β).
        annealing: Schedule of the weight of the KL divergence.
        annealing_steps: Number of steps until β is reached, or of one cycle.
        free_bits: KL per dimension that is not penalized, in nats.
        importance_samples: Number of samples k of the IWAE bound.
        perceptual_weight: Weight of the perceptual loss, computed with a classifier of the data
            set's attributes or labels.
        distillation_weight: Weight of the distillation loss: the cross-entropy of a linear head on
            z_mean with that classifier's predictions.
        mmd_weight: Weight of the MMD between the aggregate posterior and the prior.
        identity_weight: Weight of the identity loss: 1 − cosine of an embedder's vectors of image
            and reconstruction.
        identity_embedder: Embedder of the identity loss: the features of that classifier, dlib's
            face recognition (extra "faces"), or the file of a Keras model.
        identity_start: Number of steps before the identity loss takes part.
        texture_weight: Weight of the texture loss: the divergence of the local energies of detail
            of image and reconstruction, in squared grey levels.
        texture_start: Number of steps before the texture loss takes part.
        adversarial_weight: Weight of the adversarial loss of a critic, which learns to distinguish
            images from reconstructions.
        adversarial_start: Number of steps before the critic takes part.
        stochastic: Whether z is sampled, or z_mean is decoded as in an autoencoder.
        epochs: Number of passes over the training split.
        batch_size: Images per batch.
        learning_rate: Adam's initial learning rate.
        decay: Schedule of the learning rate.
        warmup_steps: Number of steps in which the learning rate grows from 0.
        ema_momentum: Momentum of a moving average of the weights, which is validated and exported;
            0: none.
    """
    runs.check(dataset, *CHANGEABLE)
    if not export:
        runs.check_unexported()
    if not changes["batch_size"]:
        refuse(["scale_learning_rate"], "has no effect without --batch-size, of another size.")
    load_tensorflow()
    from keras_vae.datasets.registry import lasting_name
    from keras_vae.training.config_file import config_text
    from keras_vae.training.distribution import is_chief
    from keras_vae.training.run_directory import Run, installed_versions

    resumable = Resumable(runs.resume)
    with interruptible(resumable) as interruption:
        if runs.resume:
            run = Run.open(runs.resume)
            directory = runs.model_directory(run.path) if export else None
            config = _continued(run, strategy, changes["epochs"])
            _name_workers(workers, index, config.strategy)
            _wait_for_workers(config.strategy)
            images = source.load_for_run(config)
            run.check_counts(images)  # before a batch seems too large for fewer images
        else:
            options = {
                "dataset": dataset,
                "data_dir": source.data_dir and str(source.data_dir.absolute()),
                **{"limit": limit, "seed": seed, "strategy": strategy, "early_stop": early_stop},
            }
            base = _base(runs, dataset, options, chosen=bool(preset_name or start_from))
            _name_workers(workers, index, base.strategy)
            base = replace(base, dataset=lasting_name(base.dataset))
            if source.align_faces:
                base = replace(base, provenance={**base.provenance, "align_faces": True})
            if start_from:
                base = started_from(base, start_from)
            preset = _preset(base.preset, preset_name, scale_learning_rate, changes)
            asked = asked_precision(precision, base)
            chosen = _precision(asked, base.strategy, preset)
            config = replace(base, preset=preset, precision=chosen)
            config.check()
            config = sized(
                config, source, changes["image_size"], given=runs.config_file is not None
            )
            if runs.print_config:
                click.echo(config_text(config), nl=False)
                return
            run = Run(runs.directory(_default_name(config)))
            resumable.starts(run)
            directory = runs.model_directory(run.path) if export else None
            run.check_free(overwrite=runs.overwrite)
            run.check_unused()
            _wait_for_workers(config.strategy)
            images = source.load_for_run(config)
            compare_data(config, images)
            config = replace(
                fitted(config, images),
                provenance=images.provenance,
                versions=installed_versions(),
                command=card_command(dataset, config.precision),
            )
        chief = is_chief(config.strategy)
        if chief:
            _introduce(config, images, run)
            if runs.resume:
                report_position(run, config.preset.epochs, config.early_stop)
        _train(run, config, images, runs, interruption)
        if chief:
            _report(run, config)
        if chief and directory:
            from .export import write_model

            write_model(run, images, directory, runs.overwrite)


def _base(
    runs: RunOptions, dataset: str | None, options: dict[str, Any], *, chosen: bool
) -> RunConfig:
    """Return the configuration of a file, or of the data set's preset, with the options.

    Args:
        runs: May name the file.
        dataset: Name or path of the data set.
        options: Values of fields of the configuration.
        chosen: Whether another preset takes the place of the data set's.
    """
    from keras_vae.datasets import known_name
    from keras_vae.presets import default_preset
    from keras_vae.training.run_directory import RunConfig

    if runs.config_file is not None:
        return read_with_options(runs.config_file, RunConfig, options)
    if chosen:
        return RunConfig(default_preset(known_name(dataset)), **options)
    preset, reason = default_for(dataset)
    if reason:
        click.echo(f"Part     {reason}", err=runs.print_config)
    return RunConfig(preset, **options)


def _preset(preset: Preset, name: str | None, rate_rule: str, changes: dict[str, Any]) -> Preset:
    """Return a preset, or the named one instead, with the values that were typed.

    Raises:
        click.UsageError: If the preset does not have one of the values.
    """
    from keras_vae.presets import get_preset
    from keras_vae.training.schedules import scale_learning_rate

    preset = get_preset(name) if name else preset
    if changes["epochs"]:  # the number of passes is the user's choice
        changes = {**changes, "least_steps": 0}
    try:
        changed = preset.override(**changes)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if not changed.stochastic:
        refuse(KL_OPTIONS, "has no effect on an autoencoder, whose loss has no KL divergence.")
    return scale_learning_rate(changed, rate_rule, preset.batch_size)


def _precision(asked: str, strategy: str, preset: Preset) -> str:
    """Return the precision, chosen if it is auto; for several workers float32."""
    from keras_vae.training.distribution import joined_cluster
    from keras_vae.training.precision import precision_for

    if asked != "auto":
        return asked
    return "float32" if joined_cluster(strategy) else precision_for(preset)


def _continued(run: Run, strategy: str, epochs: int | None) -> RunConfig:
    """Return the configuration of a run to resume, with more epochs or other devices."""
    run.check_unused()
    typed_strategy = strategy if typed(click.get_current_context(), "strategy") else None
    return run.extended(epochs=epochs, strategy=typed_strategy)


def _train(
    run: Run, config: RunConfig, images: ImageDataset, runs: RunOptions, interruption: Interruption
) -> None:
    """Train to the last epoch; the chief shows a bar."""
    from keras_vae.training import trainer
    from keras_vae.training.distribution import is_chief

    bar = training_bar(
        config.preset.batch_size,
        partial(_losses, config.preset),
        partial(_reading_warning, config, images),
    )
    session = {
        "callbacks": [bar] if is_chief(config.strategy) else [],
        "interruption": interruption,
        "save_every": 60 * runs.save_minutes,
        "stages": progress_bar,
    }
    with closing(bar):
        if runs.resume:
            trainer.resume(run, images, config=config, **session)
        else:
            trainer.train(config, images, run.path, overwrite=runs.overwrite, **session)


def _name_workers(workers: tuple[str, ...] | None, index: int | None, strategy: str) -> None:
    """Write TF_CONFIG from --workers and --index, before TensorFlow reads it."""
    if strategy in ("single", "mirrored"):
        refuse(["workers"], f"has no effect: --strategy {strategy} uses only this machine.")
    if (workers is None) != (index is None):
        raise click.UsageError("Give --workers and --index together.")
    if workers is not None:
        from keras_vae.training.cluster import Cluster

        Cluster(workers, index).to_environment()


def _wait_for_workers(strategy: str) -> None:
    """Wait until all workers are connected, before TensorFlow does anything else."""
    from keras_vae.training.distribution import joined_cluster, make_strategy

    cluster = joined_cluster(strategy)
    if cluster is not None:
        chief = "the chief" if cluster.is_chief else f"the chief is {cluster.workers[0]}"
        click.echo(
            f"Worker   {cluster.index}, {cluster.address}; {chief}. Waiting for all "
            f"{len(cluster.workers)} workers."
        )
    make_strategy(strategy)


def _default_name(config: RunConfig) -> str:
    dataset = Path(config.dataset).stem
    return config.preset.name if dataset == config.preset.dataset else dataset


def _introduce(config: RunConfig, images: ImageDataset, run: Run) -> None:
    """Print what is trained, on which data, and the run directory."""
    from keras_vae.models.networks import build_decoder, build_encoder
    from keras_vae.training.distribution import make_strategy
    from keras_vae.training.trainer import epoch_steps

    preset = config.preset
    replicas = make_strategy(config.strategy).num_replicas_in_sync
    by = f", {replicas} replicas" if replicas > 1 else ""
    encoder, decoder = (build(preset).count_params() for build in (build_encoder, build_decoder))
    counts = ", ".join(
        f"{images.count(split):,} {split}" for split in ("train", "validation", "test")
    )
    steps = epoch_steps(preset, images)
    passes = "" if preset.passes == 1 else f", {preset.passes} passes over the images in each"
    labels = "" if preset.classes is None else f", conditional on {preset.classes} labels"
    stop = config.early_stop
    most, end = ("at most ", f"; ends {stop} after the best") if stop else ("", "")
    epochs = plural(preset.epochs, "epoch")
    if preset.epochs > 1:
        epochs = f"each of {most}{epochs}"
    click.echo(f"Preset   {preset.name} ({preset.source}), z = {preset.latent_dim}{labels}")
    click.echo(f"Network  {encoder:,} + {decoder:,} parameters, {config.precision}")
    click.echo(f"Loss     {preset.loss_description}")
    click.echo(f"Data     {images.name}: {counts} images of {times(images.image_shape)}")
    report_left_out(images)
    _report_weights(preset, images)
    click.echo(f"Steps    {steps:,} of {preset.batch_size} images in {epochs}{passes}{by}{end}")
    _report_starts(preset, steps * preset.epochs)
    _report_alignment(preset, images)
    click.echo(f"Rate     {preset.learning_rate:g}, {preset.decay}")
    click.echo(f"Run      {printable(run.path)}")


def _report_weights(preset: Preset, images: ImageDataset) -> None:
    """Print which epoch's weights are exported, if not those of the lowest validation loss."""
    validated = images.count("validation") > 0
    if not validated:
        click.echo(f"Split    {images.provenance['split']}: no validation loss")
    if not preset.objective.losses_compare(validated):
        click.echo("Weights  of the last epoch are exported: the losses of epochs do not compare")
    elif not validated:
        click.echo("Weights  of the epoch with the lowest training loss are exported")


def _report_starts(preset: Preset, steps: int) -> None:
    """Print which terms of the loss start later, and which never do."""
    for term in preset.objective.terms:
        if term.start:
            never = "" if term.start < steps else f": never, the training ends at step {steps:,}"
            click.echo(f"Starts   {term.description} after step {term.start:,}{never}")


def _report_alignment(preset: Preset, images: ImageDataset) -> None:
    """Print a note if a network of faces has a part in it and the images are no aligned faces."""
    from keras_vae.files.photos import shows_aligned_faces
    from keras_vae.presets.terms import DLIB

    identity = preset.objective.term("identity")
    taught = identity is not None and identity.embedder == DLIB
    for_faces = taught or preset.network.begun_as is not None
    if for_faces and not shows_aligned_faces(images.provenance):
        click.echo("Faces    dlib's network expects them aligned as CelebA's: --align-faces")


def _losses(preset: Preset, logs: dict[str, Any], prefix: str) -> str:
    """Format the losses of a training, or of its validation, as an equation that adds up."""

    def value(term: str) -> float:
        return float(logs.get(prefix + term, "nan"))

    total, reconstruction, kl, mse = map(value, ("loss", "reconstruction_loss", "kl_loss", "mse"))
    objective, unit = preset.objective, preset.loss_unit
    annealed = not prefix and objective.bound.is_annealed  # validated is the end
    if objective.bound.samples > 1:  # the terms are means over the samples, not the bound
        name = f"{preset.loss_name}: {total:.5g} {unit}"
        if annealed:
            name = f"loss: {total:.5g} weighted (KL annealed)"
        return f"{name}; reconstruction {reconstruction:.5g}, KL {kl:.4g} nats, MSE {mse:.4f}"
    terms = {term: value(f"{term.kind}_loss") for term in objective.terms}
    parts = [f"{term.weight:g} × {term.kind} {loss:.4g}" for term, loss in terms.items()]
    added = total - reconstruction - sum(term.weight * loss for term, loss in terms.items())
    rounding = PRINTED * max(abs(total), abs(reconstruction))
    if preset.stochastic:
        penalty = _penalty(objective.bound, added, kl, rounding, annealed)
        unit = "weighted" if penalty else unit
        parts.append(penalty or f"{objective.bound.beta:g} × KL {kl:.4g} nats")
    equation = " + ".join([f"{reconstruction:.5g}", *parts])
    sse = "" if unit == "nats" else f", SSE {mse * math.prod(preset.image_shape):.2f}"
    return f"loss {total:.5g} {unit} = {equation}, MSE {mse:.4f}{sse}"


def _penalty(bound: Bound, added: float, kl: float, rounding: float, annealed: bool) -> str | None:
    """Return what the KL divergence adds to the loss, and why, if that is not β times itself."""
    causes = ["annealed"] if annealed else []
    causes += [f"free bits {bound.free_bits:g}"] if bound.free_bits else []
    if causes and abs(added - bound.beta * kl) > rounding:
        return f"{added:.4g} for a KL of {kl:.4g} nats ({', '.join(causes)})"
    return None


def _reading_warning(config: RunConfig, images: ImageDataset, speed: float) -> str | None:
    """Return a warning if reading takes much of the time; `speed` is that of training, images/s."""
    from keras_vae.datasets.pipeline import reading_speed
    from keras_vae.training.trainer import batches_of

    alone = reading_speed(batches_of(config, images))
    if alone > READING_MARGIN * speed:
        return None
    return (
        f"Reading takes {speed / alone:.0%} of the time ({alone:,.0f} images/s alone, "
        f"{speed:,.0f} trained). Keep the prepared data on a fast local disk: --cache-dir DIR."
    )


def _report(run: Run, config: RunConfig) -> None:
    """Print the losses of every split, with the weights of the best epoch."""
    from keras_vae.training.run_directory import read_json

    name = f"{config.preset.loss_name} ({config.preset.loss_unit})"
    width = max(16, len(name) + 2)
    pixels = math.prod(config.preset.image_shape)
    heads = ("reconstruction", "KL (nats)", "MSE", "SSE", "bits/dim")
    click.echo(f"\n{'':12}{name:>{width}}" + "".join(f"{head:>16}" for head in heads))
    for split, values in read_json(run.metrics_file).items():
        bits = values.get("bits_per_dimension")
        numbers = (
            f"{values['reconstruction_loss']:.2f}",
            f"{values['kl_loss']:.2f}",
            f"{values['mse']:.5f}",
            f"{values['mse'] * pixels:.2f}",
            "-" if bits is None else f"{bits:.3f}",
        )
        total = f"{values['loss']:.2f}"
        click.echo(f"{split:12}{total:>{width}}" + "".join(f"{each:>16}" for each in numbers))
    _report_pca(run, config)
    click.echo(f"\nPictures of each epoch:  {printable(run.pictures)}")


def _report_pca(run: Run, config: RunConfig) -> None:
    """Print what the network added to PCA, measured on the images that it was not trained on."""
    from keras_vae.training.run_directory import read_json

    metrics = read_json(run.metrics_file)
    split = next((name for name in ("test", "validation", "train") if name in metrics), None)
    if split is None or "mse_of_pca" not in metrics[split]:
        return
    own, pca = (metrics[split][name] for name in ("mse_of_mean", "mse_of_pca"))
    # PCA reconstructs its own images exactly, if they are not more than the components.
    ratio = f"{own / pca:.2f} times that" if own < MOST_TIMES * pca else "more than that"
    click.echo(
        f"\nMSE at z_mean, {split} images: {own:.5f}, {ratio} of PCA with as many components "
        f"({pca:.5f})"
    )
    if run.best_epoch() == 0:
        click.echo("No epoch improved the initialization: its weights are the ones kept.")
