"""`kvae evaluate`: measurements of models, in the units of the literature."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .command import command, option
from .command_line import command_line, refuse
from .data_source import DataSource, data_options
from .outputs import STDOUT, Outputs, echo, json_option, output_options
from .progress import progress_bar
from .quiet import load_tensorflow
from .types import BINARIZATION, NAMES, SPLIT, Integer

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
    option("--split", "Split of the images.", SPLIT, "test"),
    option(
        "--limit", "Number of images to measure, chosen randomly.", Integer(1), show_default="all"
    ),
    option(
        "--binarization",
        "How grey pixels become black or white.",
        BINARIZATION,
        show_default="as in the model's training",
    ),
)
@option(
    "--importance-samples",
    "Samples of z for each image, for −ELBO and −log p(x).",
    Integer(1),
    5_000,
)
@option("--seed", "Seed of all random choices.", default=0, metavar="N")
@option("--by", "Attributes that errors are grouped by, or `label`.", NAMES, ())
@option("--probes/--no-probes", "Whether linear probes are fitted.", default=True)
@option(
    "--samples",
    "Number of generated images for FID and KID.",
    Integer(20),
    show_default="the number of measured images",
)
@option("--no-samples", "Leave out FID and KID.", is_flag=True)
@option(
    "--features",
    "Saved feature extractor for FID and KID.",
    click.Path(exists=True, path_type=Path),
)
@option("--compare", "Print all models in one table.", is_flag=True)
@output_options(JSON, option("--card", "Write the model's card with the numbers.", is_flag=True))
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
    """
    from keras_vae.evaluation import Settings, check_model, table
    from keras_vae.evaluation import evaluate as measure
    from keras_vae.export.card import write_card
    from keras_vae.inference import registry

    if no_samples:
        refuse(["samples", "features"], "has no effect with --no-samples.")
    opened = [registry.load(name) for name in models]
    outputs.check(others=[model.card for model in opened if card])
    load_tensorflow()
    for model in opened:
        check_model(model)
    chosen = Settings(samples=0 if no_samples else samples, cache_dir=source.cache_dir, **settings)
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
            echo(table([evaluation]) + "\n")
    if compare:
        echo(table(found))
    if outputs.json:
        values = [evaluation.to_dict() for evaluation in found]
        outputs.write_json(values if len(values) > 1 else values[0])
    for model, evaluation in zip(opened, found, strict=True):
        if card:
            echo(write_card(model.path, evaluation.to_dict()))


def _checkpoint(results: Sequence[Path | None], number: int) -> Path | None:
    """Return the checkpoint of a model's evaluation: a file beside the first of its results."""
    for file in results:
        if file not in (None, STDOUT):
            return file.with_name(f".{file.stem}.{number}.partial.npz")
    return None
