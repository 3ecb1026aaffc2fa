"""Configuration of TensorFlow Serving: models, batching, monitoring, and how to start the server.

The files are text, made from `templates/`, in the formats of the server's own guides, of Docker
Compose and of Prometheus.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..files.exported import read_metadata
from ..files.naming import is_utf8
from ..files.templates import templates
from ..files.versions import versions_of

IMAGE = "tensorflow/serving:2.21.0"  # the TensorFlow that exports; older graphs load as well
GRPC_PORT, REST_PORT = 8500, 8501
MEMORY = "4g"  # of the container: one photo of 10,000×10,000 takes about one gigabyte to decode

CONFIGS, MODELS = "/config", "/models"  # folders in the container
FILES = ("models.config", "batching.config", "monitoring.config", "prometheus.yml", "compose.yaml")

NAME = re.compile(r"[\w.-]+", re.ASCII)  # a part of URLs and of the health check's shell script


@dataclass(frozen=True)
class ModelConfig:
    """A model to serve.

    Attributes:
        folder: Folder of the model's versions; the folder's name is the model's.
        labels: Version by label. The server loads these versions, and without labels the highest.

    Raises:
        ValueError: If the name of the model or of a label cannot be part of a URL, or the folder's
            path is no UTF-8, as the configuration is.
    """

    folder: Path
    labels: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in (self.name, *self.labels):
            if not NAME.fullmatch(name):
                raise ValueError(
                    "`name` of a model or label must be made of letters, digits, '.', '_' and "
                    f"'-'. Received: {name!r}."
                )
        if not is_utf8(str(self.folder)):
            raise ValueError(f"`folder` of a model must be UTF-8. Received: {str(self.folder)!r}.")

    @property
    def name(self) -> str:
        """Name of the model on the server."""
        return self.folder.name

    @property
    def is_upscaler(self) -> bool:
        """Whether a version is an upscaler, whose requests differ in shape."""
        versions = versions_of(self.folder).values()
        return "upscaler" in (read_metadata(version).get("kind") for version in versions)


def files(models: Sequence[ModelConfig], models_folder: str | None = MODELS) -> dict[str, str]:
    """Make every file that a machine with Docker needs.

    Args:
        models: The models to serve.
        models_folder: Folder that holds the models for the server; None leaves each where it is.

    Returns:
        Texts by the names of the files.
    """
    texts = templates(__package__, quoted=_quoted, compose_quoted=_compose_quoted)
    batching = uses_batching(models)
    values = {
        "models": models,
        "base_path": lambda model: _base_path(model, models_folder),
        "image": IMAGE,
        "grpc_port": GRPC_PORT,
        "rest_port": REST_PORT,
        "memory": MEMORY,
        "config_folder": CONFIGS,
        "flags": server_flags(batching=batching),
        "health_check": health_check(models),
    }
    names = [name for name in FILES if batching or name != "batching.config"]
    return {name: texts.get_template(name).render(values) for name in names}


def uses_batching(models: Sequence[ModelConfig]) -> bool:
    """Whether the server runs rows of several requests as one batch.

    Not with an upscaler among the models: `upscale_pixels` takes images of any size, and the server
    refuses every request of a batch in which two sizes meet. It batches for all models or for none
    (parameters of a single model would have to be in the model's folder).
    """
    return not any(model.is_upscaler for model in models)


def server_flags(configs: str = CONFIGS, *, batching: bool = True) -> list[str]:
    """Make the arguments of `tensorflow_model_server`.

    Args:
        configs: The folder of the configuration files, as the server sees it.
        batching: See `uses_batching`.
    """
    together = ["--enable_batching=true", f"--batching_parameters_file={configs}/batching.config"]
    return [
        f"--port={GRPC_PORT}",
        f"--rest_api_port={REST_PORT}",
        f"--model_config_file={configs}/models.config",
        "--model_config_file_poll_wait_seconds=30",
        "--allow_version_labels_for_unavailable_models=true",  # or labels fail at the start
        *(together if batching else []),  # the server starts with both flags or with neither
        f"--monitoring_config_file={configs}/monitoring.config",
    ]


def docker_command(models: Sequence[ModelConfig], configs: Path) -> list[str]:
    """Make the command that serves models from a container, to this machine alone.

    Args:
        models: The models to serve.
        configs: The folder of the configuration files.
    """
    mounts = {configs: CONFIGS, **{model.folder: _base_path(model) for model in models}}
    command = ["docker", "run", "--rm", "--init", f"--memory={MEMORY}"]
    for port in (GRPC_PORT, REST_PORT):
        command += ["--publish", f"127.0.0.1:{port}:{port}"]
    for source, target in mounts.items():
        mount = _as_csv("type=bind", f"source={source}", f"target={target}", "readonly")
        command += ["--mount", mount]
    flags = server_flags(batching=uses_batching(models))
    return [*command, "--entrypoint", "tensorflow_model_server", IMAGE, *flags]


def health_check(models: Sequence[ModelConfig], port: int = REST_PORT) -> str:
    """Write a Bash script that succeeds when every model answers; the image has no curl."""
    request = "GET /v1/models/%s HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n"
    checks = (
        f"exec 3<>/dev/tcp/127.0.0.1/{port} && printf '{request}' {model.name} >&3 "
        "&& grep -q AVAILABLE <&3"
        for model in models
    )
    return " && ".join(checks)


def _base_path(model: ModelConfig, models_folder: str | None = MODELS) -> str:
    return str(model.folder) if models_folder is None else f"{models_folder}/{model.name}"


def _as_csv(*fields: str) -> str:
    """Write a line of CSV, as which Docker reads a mount: a path may have commas."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(fields)
    return line.getvalue()


def _quoted(text: str) -> str:
    """Quote a string as protobuf's text format does."""
    return json.dumps(text, ensure_ascii=False)


def _compose_quoted(value: Any) -> str:
    """Write a value as YAML; in a compose file a single dollar begins a variable."""
    return json.dumps(value, ensure_ascii=False).replace("$", "$$")
