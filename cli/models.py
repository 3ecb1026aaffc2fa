"""`kvae models`: the exported models, and what each one stores about itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .command import Group, option
from .command_line import refuse
from .data import times
from .outputs import Outputs, json_option, output_options

if TYPE_CHECKING:
    from keras_vae.inference.exported import ExportedModel

LONGEST_SHAPE = 4  # numbers; of longer lists a summary is printed


@click.group(cls=Group, epilog="Example: kvae models show celeba --card")
def models() -> None:
    """List and describe exported models.

    Names are looked up in ./saved_models, in the folders of the environment variable KVAE_MODELS,
    and among the models shipped with kvae.
    """


@models.command("list", epilog="Example: kvae models list")
@output_options(json_option("JSON instead of the list"))
def list_models(outputs: Outputs) -> None:
    """List the models that --model can name: autoencoders, and upscalers for `kvae upscale`."""
    from keras_vae.inference import registry

    outputs.check()
    rows = list(_summaries(path for _, _, path in registry.list_models()))
    if outputs.json:
        outputs.write_json(rows)
        return
    if not rows:
        click.echo("No models were found. `kvae train` makes one.", err=True)
        return
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        click.echo(
            f"{row['name']:{width}}  version {row['version']}  {in_short(row):46}  {row['path']}"
        )


@models.command(epilog="Example: kvae models show celeba --card")
@click.argument("name", metavar="NAME|PATH")
@option("--card", is_flag=True)
@output_options(json_option("JSON instead of the lines, with all of model.json"))
def show(name: str, card: bool, outputs: Outputs) -> None:
    """Describe a model: its path, how it was trained, its measurements.

    Args:
        name: Name that `kvae models list` prints, or path of a model.
        card: Print the model card: measurements, limits, bias.
        outputs: The files to write.
    """
    from keras_vae.inference import registry

    if card:
        refuse(["json"], "has no effect with --card, which is Markdown.")
    outputs.check()
    model = registry.load_any(name)
    if card:
        if not model.card.is_file():
            raise ValueError(f"Model {model.name!r} has no card: {model.card} is missing.")
        click.echo(model.card.read_text(encoding="utf-8"))
    elif outputs.json:
        outputs.write_json({**summary(model), "metadata": model.metadata})
    else:
        lines = described(model)
        width = max(len(key) for key, _ in lines)
        for key, value in lines:
            click.echo(f"{key:{width}}  {value}")


def _summaries(paths: Iterable[Path]) -> Iterator[dict[str, Any]]:
    """Summarize models; SavedModels of other programs are left out."""
    from keras_vae.inference import registry

    for path in paths:
        try:
            yield summary(registry.load_any(path))
        except (AttributeError, KeyError, TypeError, ValueError):  # its JSON can hold anything
            click.echo(f"Left out: {path} is not a model that this kvae exported.", err=True)


def summary(model: ExportedModel) -> dict[str, Any]:
    """Return the facts that every model of a kind has, ready for JSON."""
    facts = {
        "name": model.name,
        "kind": model.kind,
        "version": model.version,
        "path": str(model.path),
    }
    if model.kind == "upscaler":
        return {**facts, "factor": model.factor}
    return {
        **facts,
        "image_shape": list(model.image_shape),
        "latent_dim": model.latent_dim,
        "attributes": len(model.attributes.names),
    }


def in_short(row: dict[str, Any]) -> str:
    """Return a short description of a model, from its summary."""
    if row["kind"] == "upscaler":
        return f"upscaler ×{row['factor']}"
    size, z, attributes = times(row["image_shape"]), row["latent_dim"], row["attributes"]
    return f"image {size:9}  z = {z:<4} {attributes:3} attributes"


def described(model: ExportedModel) -> list[tuple[str, str]]:
    """Return all that a model stores about itself, as pairs of a heading and a line."""
    shown = summary(model)
    facts = {key: value for key, value in model.metadata.items() if key not in shown}
    names = facts.pop("attribute_names", [])
    probes = facts.pop("attribute_probes", None)
    preset = facts.get("preset")
    if isinstance(preset, dict):  # its numbers are in model.json, which --json prints
        facts["preset"] = f"{preset['name']} ({preset['source']})"
    if names:
        shown["attributes"] = f"{len(names)}: {', '.join(names)}"
    if probes:
        mean = sum(probe["auc"] for probe in probes) / len(probes)
        shown["linear probes"] = f"mean AUC {mean:.3f} over {len(probes)} attributes"
    lines = []
    for key, value in {**shown, **facts}.items():
        if isinstance(value, dict) and any(isinstance(part, dict) for part in value.values()):
            lines += [(f"{key} {part}", text(inner)) for part, inner in value.items()]
        else:
            lines.append((key, text(value)))
    return [(key.replace("_", " "), line) for key, line in lines if line]


def text(value: Any) -> str:
    """Write a value of `model.json` in one line."""
    if isinstance(value, dict):
        return ", ".join(
            f"{key} ({text(part)})" if isinstance(part, dict) else f"{key} {text(part)}"
            for key, part in value.items()
            if part is not None
        )
    if isinstance(value, (list, tuple)):
        return listed(value)
    if isinstance(value, float):
        return f"{value:.5g}"
    return "" if value is None else str(value)


def listed(values: Sequence[Any]) -> str:
    """Write a list in one line: a shape as 28×28×1, a long list of numbers as its summary."""
    if not all(isinstance(value, (int, float)) for value in values):
        return ", ".join(map(text, values))
    if len(values) <= LONGEST_SHAPE:
        separator = "×" if all(isinstance(value, int) for value in values) else ", "
        return separator.join(map(text, values))
    low, high, total = min(values), max(values), sum(values)
    return (
        f"{len(values)} numbers from {low:.4g} to {high:.4g}, mean {total / len(values):.4g}, "
        f"sum {total:.5g}"
    )
