"""`kvae evaluate`: how good models are, in the units of the literature."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .images import load_for_model
from .options import data_options, json_option, overwrite_option, split_option
from .outputs import check_files
from .progress import progress_bar
from .quiet import load_tensorflow
from .standard_output import STDOUT, tell, write_json
from .typed import command_line, refuse
from .types import BINARIZATION, Names

if TYPE_CHECKING:
    from keras_vae.evaluation import Evaluation

EPILOG = """\b
Examples:
  kvae evaluate mnist mnist --limit 1000 --json mnist.json
  kvae evaluate celeba celeba --data-dir ~/celeba --importance-samples 100 --by Male,Young
  kvae evaluate mnist ./saved_models/mine mnist --compare
"""

# Options that say where things go, not what is measured.
LOCAL_OPTIONS = ("cache_dir", "json_file", "compare", "card", "overwrite")


@click.command(epilog=EPILOG)
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@click.argument("data")
@data_options
@split_option("test")
@click.option("--limit", type=click.IntRange(1), help="Measure so many of them, by chance.")
@click.option(
    "--importance-samples",
    type=click.IntRange(1),
    default=5_000,
    show_default=True,
    help="Draws of z for each image: for −ELBO and −log p(x).",
)
@click.option(
    "--binarization",
    type=BINARIZATION,
    help="How grey pixels become black or white.  [default: as the model was trained]",
)
@click.option("--seed", default=0, show_default=True, help="Seed of every draw.")
@click.option("--by", type=Names(), default=(), help="Group errors by attributes, or by `label`.")
@click.option("--probes/--no-probes", default=True, help="Whether attributes are probed for.")
@click.option(
    "--samples",
    metavar="N",
    type=click.IntRange(20),
    help="Images to generate for FID and KID.  [default: as many as are measured]",
)
@click.option("--no-samples", is_flag=True, help="Leave FID and KID out.")
@click.option(
    "--features",
    type=click.Path(exists=True, path_type=Path),
    help="Saved feature extractor for FID and KID.",
)
@click.option("--compare", is_flag=True, help="Set the models side by side in one table.")
@json_option(
    "JSON of the numbers, for several models a list; a killed evaluation goes on where it was when "
    "called again"
)
@click.option("--card", is_flag=True, help="Write the model's card from the numbers.")
@overwrite_option
@click.pass_context
def evaluate(
    ctx: click.Context,
    models: tuple[str, ...],
    data: str,
    data_dir: Path | None,
    cache_dir: Path | None,
    samples: int | None,
    no_samples: bool,
    compare: bool,
    json_file: Path | None,
    card: bool,
    overwrite: bool,
    **settings: object,
) -> None:
    """Measure MODEL, or several, on the images of DATA.

    −ELBO and importance-weighted −log p(x); errors of reconstructions; the use of the latent;
    FID and KID of samples; what linear probes read of attributes.
    """
    from keras_vae.evaluation import Settings, check_model, table
    from keras_vae.evaluation import evaluate as measure
    from keras_vae.export.card import write_card
    from keras_vae.inference import registry as runtime

    if no_samples:
        refuse(["samples", "features"], "is of FID and KID, which --no-samples leaves out.")
    opened = [runtime.load(name) for name in models]
    cards = [model.card for model in opened if card]
    check_files(others=[json_file, *cards], overwrite=overwrite)
    load_tensorflow()
    for model in opened:
        check_model(model)
    chosen = Settings(samples=0 if no_samples else samples, cache_dir=cache_dir, **settings)
    found: list[Evaluation] = []
    for number, model in enumerate(opened):
        images = load_for_model(model, data, data_dir=data_dir, cache_dir=cache_dir)
        evaluation = measure(
            model,
            images,
            chosen,
            command=command_line(ctx, [model.name, Path(data).name], LOCAL_OPTIONS),
            checkpoint=_checkpoint([json_file, model.card if card else None], number),
            stages=progress_bar,
        )
        found.append(evaluation)
        if not compare:
            tell(table([evaluation]) + "\n")
    if compare:
        tell(table(found))
    if json_file:
        values = [evaluation.to_dict() for evaluation in found]
        write_json(values if len(values) > 1 else values[0], json_file, overwrite)
    for model, evaluation in zip(opened, found, strict=True):
        if card:
            tell(write_card(model.path, evaluation.to_dict()))


def _checkpoint(results: Sequence[Path | None], number: int) -> Path | None:
    """Where the work on a model is kept against a kill: beside the first that it shall become."""
    for file in results:
        if file not in (None, STDOUT):
            return file.with_name(f".{file.stem}.{number}.partial.npz")
    return None
