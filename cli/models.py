"""`kvae models`: the exported models, and what each one stores about itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keras_vae.files.naming import printable
from keras_vae.files.versions import model_name

from .command import Group, option, section
from .command_line import refuse
from .data import times
from .outputs import OVERWRITE, Outputs, json_option, output_options
from .training import MODELS_DIR

if TYPE_CHECKING:
    from keras_vae.inference.exported import ExportedModel

LONGEST_SHAPE = 4  # numbers; of longer lists a summary is printed


@click.group(cls=Group, epilog="Example: kvae models show celeba --card")
def models() -> None:
    """List, describe, pull and push exported models.

    Names are looked up in ./saved_models, in the folders of the environment variable KVAE_MODELS,
    and among the models shipped with kvae. A name hf://USER/MODEL is that of a model on the Hugging
    Face Hub.
    """


@models.command("list", epilog="Example: kvae models list")
@output_options(json_option("JSON instead of the list"))
def list_models(outputs: Outputs) -> None:
    """List the models that --model can name: autoencoders, and upscalers for `kvae upscale`."""
    from keras_vae.files import exported

    outputs.check()
    rows = list(_summaries(path for _, _, path in exported.list_models()))
    if outputs.json:
        outputs.write_json(rows)
        return
    if not rows:
        click.echo("No models were found. `kvae train` makes one.", err=True)
        return
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        line = f"{row['name']:{width}}  version {row['version']}  {in_short(row):46}  {row['path']}"
        click.echo(printable(line))


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
        lines = model.card.read_text(encoding="utf-8", errors="replace").split("\n")
        click.echo("\n".join(map(printable, lines)))
    elif outputs.json:
        outputs.write_json({**summary(model), "metadata": model.metadata})
    else:
        lines = described(model)
        width = max(len(key) for key, _ in lines)
        for key, value in lines:
            click.echo(printable(f"{key:{width}}  {value}"))


@models.command(epilog="Example: kvae models pull hf://user/faces@v1 --name faces")
@click.argument("address", metavar="hf://USER/MODEL[@REVISION]")
@section("Output", option("--name", show_default="MODEL"), MODELS_DIR, OVERWRITE)
def pull(address: str, name: str | None, models_dir: Path, overwrite: bool) -> None:
    """Copy a model from the Hugging Face Hub, with its card.

    The commit is recorded in hub.json beside the card. A model on the hub can also be used without
    a copy: `kvae generate --model hf://USER/MODEL`. Load only models of authors that you trust: a
    SavedModel is a program.

    Args:
        address: Address of the model; a revision is a branch, a tag or a commit.
        name: Name of the model.
        models_dir: Folder of the model, which is written to NAME in it.
        overwrite: Overwrite an existing model of that name, with all its versions.
    """
    from keras_vae.files import hub

    source = hub.HubAddress.parse(address)
    folder = models_dir / model_name(source.name if name is None else name)
    hub.pull(source, folder, overwrite=overwrite)
    click.echo(f"{printable(folder)}  from {hub.origin(folder)}")


@models.command(epilog="Example: kvae models push faces hf://user/faces --private")
@click.argument("name", metavar="NAME|PATH")
@click.argument("address", metavar="hf://USER/MODEL")
@option("--private", is_flag=True)
@section("Output", OVERWRITE)
def push(name: str, address: str, private: bool, overwrite: bool) -> None:
    """Copy a model to the Hugging Face Hub, with its card.

    The files are those that were exported; the card gets a header with licence, library and tags.
    The hub needs your token: `hf auth login`, or the variable HF_TOKEN.

    Args:
        name: Name that `kvae models list` prints, or path of a model.
        address: Repository on the hub; it is created if it does not exist, and then everybody can
            read it unless it is private.
        private: Make a new repository private.
        overwrite: Overwrite a version of that number, and the card, on the hub.
    """
    from keras_vae.files.exported import find_version
    from keras_vae.files.hub import HubAddress
    from keras_vae.inference import hub_push

    pushed = hub_push.push(
        find_version(name), HubAddress.parse(address), private=private, overwrite=overwrite
    )
    click.echo(f"{len(pushed.files)} files are now {pushed.address}")
    if pushed.card_kept:
        click.echo("The hub's card is unchanged. Use --overwrite to overwrite it.", err=True)


def _summaries(paths: Iterable[Path]) -> Iterator[dict[str, Any]]:
    """Summarize models; damaged ones, and those of other programs, are left out."""
    from keras_vae.files.naming import first_line
    from keras_vae.inference import registry

    for path in paths:
        try:
            yield summary(registry.load_any(path))
        except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:  # any JSON
            line, name = first_line(error), printable(path)
            click.echo(f"Left out: {line if name in line else f'{name}: {line}'}", err=True)


def summary(model: ExportedModel) -> dict[str, Any]:
    """Return the facts that every model of a kind has, ready for JSON."""
    from keras_vae.files import hub

    facts = {
        "name": model.name,
        "kind": model.kind,
        "version": model.version,
        "path": str(model.path),
    }
    if (source := hub.origin(model.path.resolve().parent)) is not None:
        facts["pulled_from"] = source
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
    return f"image {size:9}  z = {z or '–':<4} {attributes:3} attributes"


def described(model: ExportedModel) -> list[tuple[str, str]]:
    """Return all that a model stores about itself, as pairs of a heading and a line."""
    shown = summary(model)
    facts = {key: value for key, value in model.metadata.items() if key not in shown}
    names = facts.pop("attribute_names", [])
    probes = facts.pop("attribute_probes", None)
    preset = facts.get("preset")
    # Its numbers are in model.json, which --json prints.
    if isinstance(preset, dict) and {"name", "source"} <= preset.keys():
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
