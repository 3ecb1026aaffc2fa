"""`kvae evaluate`: measurements of models, in the units of the literature."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keras_vae.files.output import Output

from .command import command, in_terms_of, option
from .command_line import command_line, refuse
from .data_source import DataSource, data_options
from .model_choice import refuse_addresses
from .outputs import Outputs, echo, json_option, output_options
from .progress import progress_bar
from .quiet import load_tensorflow
from .types import BINARIZATION, EXISTING_PATH, NAMES, RANDOM_SEED, SPLIT, Integer

if TYPE_CHECKING:
    from keras_vae.evaluation import Evaluation

EPILOG = """\b
Examples:
  kvae evaluate mnist mnist --limit 1000 --json mnist.json
  kvae evaluate celeba celeba --data-dir ~/celeba --importance-samples 100 --by Male,Young
  kvae evaluate mnist ./saved_models/mine mnist --compare
"""

# Options that determine where results are written, not what is measured.
LOCAL_OPTIONS = ("cache_dir", "json", "compare", "card", "overwrite")
JSON = json_option(
    "JSON of the numbers, a list for several models; an interrupted evaluation resumes when it is "
    "called again"
)


@command(epilog=EPILOG)
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@click.argument("data")
@data_options(
    option("--split", SPLIT, "test"),
    option("--limit", Integer(1), show_default="all"),
    option("--binarization", BINARIZATION, show_default="as in the model's training"),
)
@option("--importance-samples", Integer(1), 5_000)
@option("--seed", RANDOM_SEED, 0)
@option("--by", NAMES, ())
@option("--probes/--no-probes", default=True)
@option("--samples", Integer(20), show_default="the number of measured images")
@option("--no-samples", is_flag=True)
@option("--features", EXISTING_PATH)
@option("--compare", is_flag=True)
@output_options(JSON, option("--card", is_flag=True))
@click.pass_context
def evaluate(
    ctx: click.Context,
    models: tuple[str, ...],
    data: str,
    source: DataSource,
    samples: int | None,
    no_samples: bool,
    compare: bool,
    card: bool,
    outputs: Outputs,
    **settings: object,
) -> None:
    """Measure MODEL, or several models, on the images of DATA.

    The table shows −ELBO and importance-weighted −log p(x), errors of reconstructions, the use of
    the latent, FID and KID of samples, and linear probes of attributes on z_mean.

    Args:
        ctx: Context of the command.
        models: Exported models; `kvae models list` prints the names.
        data: Name of a data set, or path of images: a folder, a .zip, .npz, .npy or .csv.
        source: Folders of the data set and of prepared images.
        samples: Number of generated images for FID and KID.
        no_samples: Leave out FID and KID.
        compare: Print all models in one table.
        card: Write the model's card with the numbers.
        outputs: The files to write.
        **settings: The other fields of `Settings`:
        split: Split of the images.
        limit: Number of images to measure, chosen randomly.
        binarization: How grey pixels become black or white.
        importance_samples: Samples of z for each image, for −ELBO and −log p(x).
        seed: Seed of all random choices.
        by: Attributes that errors are grouped by, or `label`.
        probes: Whether linear probes are fitted.
        features: Saved feature extractor for FID and KID.
    """
    from keras_vae.evaluation import Settings, check_model, table
    from keras_vae.evaluation import evaluate as measure
    from keras_vae.export.card import write_card
    from keras_vae.inference import registry

    if no_samples:
        refuse(["samples", "features"], "has no effect with --no-samples.")
    if card:
        refuse_addresses(models)
    opened = [registry.load(name, runtime="tensorflow") for name in models]
    outputs.check(others=[model.card for model in opened if card])
    load_tensorflow()
    for model in opened:
        check_model(model)
    chosen = Settings(samples=0 if no_samples else samples, **settings)
    found: list[Evaluation] = []
    for number, model in enumerate(opened):
        images = source.load_for_model(model, data)
        evaluation = measure(
            model,
            images,
            chosen,
            command=command_line(ctx, [model.name, Path(data).name], LOCAL_OPTIONS),
            checkpoint=_checkpoint([outputs.json, model.card if card else None], number),
            stages=progress_bar,
        )
        found.append(evaluation)
        if not compare:
            echo(in_terms_of(table([evaluation]), ctx) + "\n")
    if compare:
        echo(in_terms_of(table(found), ctx))
    if outputs.json:
        values = [evaluation.to_dict() for evaluation in found]
        outputs.write_json(values if len(values) > 1 else values[0])
    for model, evaluation in zip(opened, found, strict=True):
        if card:
            outputs.add(write_card(model.path, evaluation.to_dict(), group=outputs.group))


def _checkpoint(results: Sequence[Path | None], number: int) -> Path | None:
    """Return the checkpoint of a model's evaluation: a file beside the first of its results."""
    for file in results:
        if file is not None and not Output(file).is_stream:
            return file.with_name(f".{file.stem}.{number}.partial.npz")
    return None
