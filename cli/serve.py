"""`kvae serve`: TensorFlow Serving with the models' configuration, or only the configuration."""

from __future__ import annotations

import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .command import command, option
from .model_choice import refuse_addresses
from .outputs import Outputs, output_options
from .types import FOLDER, Parsed, integer

if TYPE_CHECKING:
    from keras_vae.serving.configuration import ModelConfig

PATIENCE = 10.0  # seconds until a server ends that was asked to; docker has the same


def _label(text: str) -> tuple[str, str, int]:
    name, _, version = text.rpartition("=")
    model, _, label = name.rpartition("/")
    if not label:
        raise ValueError
    return model, label, integer(version)


# Gives (model or "", label, version).
LABEL = Parsed("[NAME/]LABEL=VERSION", "a label: stable=1, or celeba/stable=1", _label)


@command(epilog="Example: kvae serve celeba64 mnist --label celeba64/stable=1 --out serving")
@click.argument("names", metavar="NAME|PATH...", nargs=-1, required=True)
@option("--label labels", LABEL, multiple=True)
@option("--print-config", is_flag=True)
@output_options(option("--out", FOLDER))
def serve(
    names: tuple[str, ...],
    labels: tuple[tuple[str, str, int], ...],
    print_config: bool,
    out: Path | None,
    outputs: Outputs,
) -> None:
    """Serve models with TensorFlow Serving: REST on port 8501, gRPC on 8500.

    The server is not part of kvae: `tensorflow_model_server` or `docker` must be on the PATH.
    --print-config and --out need neither.

    Args:
        names: Names that `kvae models list` prints, or paths of models.
        labels: Label of a version, as stable=1 or celeba/stable=1; without NAME/ for every model
            that has no label of this name. Only labelled versions are then loaded; without labels
            the highest version is.
        print_config: Print the configuration; do not start a server.
        out: Folder of the configuration and a compose.yaml; no server is started.
        outputs: The files to write.
    """
    from keras_vae.serving import configuration as serving

    refuse_addresses(names)
    models = find_models(names, labels)
    if not print_config and out is None:
        run_server(models)
        return
    texts = serving.files(models)
    if print_config:
        for name, text in texts.items():
            click.echo(f"# {name}\n{text}")
    if out is not None:
        outputs.check(others=[out / name for name in texts])
        for name, text in texts.items():
            outputs.write_text(text, out / name)
        folder = out.resolve()
        compose = ["docker", "compose", "--file", str(folder / "compose.yaml"), "up", "--wait"]
        click.echo(f"# Server and Prometheus:\n{shlex.join(compose)}")
        click.echo(f"# The server only:\n{shlex.join(serving.docker_command(models, folder))}")


def find_models(
    names: tuple[str, ...], labels: tuple[tuple[str, str, int], ...]
) -> list[ModelConfig]:
    """Find models and give each its labels.

    Raises:
        ValueError: If a model or version is missing, a path is that of a version, a name or a label
            occurs twice, or a label's model is not served.
    """
    from keras_vae.files.exported import find_version
    from keras_vae.files.versions import is_version
    from keras_vae.serving.configuration import ModelConfig

    for name in names:
        if is_version(Path(name)):
            folder = Path(name).resolve()
            raise ValueError(
                f"`NAME` must be that of a model. Received: {name}, a version. Serve its model, "
                f"{folder.parent}, and choose the version by a label: --label stable={folder.name}."
            )
    folders = [find_version(name).parent.resolve() for name in names]
    known = [folder.name for folder in folders]
    if len({*known}) < len(known):
        raise ValueError(f"`NAME`s must be different. Received: {', '.join(known)}.")
    for name, label, _ in labels:
        if name and name not in known:
            raise ValueError(f"`--label` must be of a model to serve. Received: {name}/{label}.")
    versions = {(name, label): number for name, label, number in labels}
    if len(versions) < len(labels):
        given = ", ".join(f"{name}/{label}".lstrip("/") for name, label, _ in labels)
        raise ValueError(f"`--label`s must be different. Received: {given}.")
    models = []
    for folder in folders:
        own = {
            label: number
            for whose in ("", folder.name)
            for (name, label), number in versions.items()
            if name == whose
        }
        for version in own.values():
            find_version(folder, version)  # raises an error that lists the versions
        models.append(ModelConfig(folder, own))
    return models


def run_server(models: list[ModelConfig]) -> None:
    """Run the installed server until it ends; a signal to this process ends it.

    Raises:
        ValueError: If none is installed.
        RuntimeError: If it fails.
    """
    from keras_vae.serving import configuration as serving

    with tempfile.TemporaryDirectory(prefix="kvae-serve-") as name:
        folder = Path(name)
        binary = shutil.which("tensorflow_model_server")
        texts = serving.files(models, None) if binary else serving.files(models)
        for file, text in texts.items():
            (folder / file).write_text(text, "utf-8")
        if binary:
            flags = serving.server_flags(name, batching=serving.uses_batching(models))
            command = ["tensorflow_model_server", *flags]
        elif shutil.which("docker"):
            command = serving.docker_command(models, folder)
        else:
            raise ValueError(
                "Neither tensorflow_model_server nor docker is on the PATH. Install Docker, or "
                "write the configuration for a machine that has it: kvae serve NAME --out DIR."
            )
        click.echo(shlex.join(command), err=True)
        with subprocess.Popen(command) as server, _ending(server):
            status = server.wait()
    if status:
        how = f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        raise RuntimeError(f"{command[0]} ended {how}. Its messages say why.")


@contextmanager
def _ending(server: subprocess.Popen) -> Iterator[None]:
    """End a server that still runs at the end, with time for the requests that it answers."""
    try:
        yield
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(PATIENCE)
        server.kill()
