"""What TensorFlow Serving is told: models, batching, monitoring, and how to start it.

Text alone, in the formats of the server's own guides, of Docker Compose and of Prometheus.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..inference.exported import UPSCALER, read_metadata
from ..inference.model import BATCH

IMAGE = "tensorflow/serving:2.21.0"  # the TensorFlow that exports; older graphs load as well
PROMETHEUS_IMAGE = "prom/prometheus:v3.5.0"
GRPC_PORT, REST_PORT, PROMETHEUS_PORT = 8500, 8501, 9090
METRICS = "/monitoring/prometheus/metrics"
MEMORY = "4g"  # of the container: one photo of 10,000×10,000 takes about one gigabyte to decode

CONFIGS, MODELS = "/config", "/models"  # in the container

NAME = re.compile(r"[\w.-]+", re.ASCII)  # it stands in URLs and in the health check's shell


@dataclass(frozen=True)
class Deployed:
    """A model to serve.

    Attributes:
        folder: Its folder, which holds the versions; the folder's name is the model's.
        labels: Version by label. The server loads these versions, and without labels the highest.

    Raises:
        ValueError: If the name is no part of a URL.
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

    @property
    def name(self) -> str:
        """What clients call it."""
        return self.folder.name

    @property
    def upscales(self) -> bool:
        """Whether a version of it is an upscaler, whose requests differ in shape."""
        versions = (file.parents[1] for file in self.folder.glob("[0-9]*/assets.extra/model.json"))
        return any(read_metadata(version).get("kind") == UPSCALER for version in versions)


def models_config(models: Sequence[Deployed], folder: str | None = MODELS) -> str:
    """Write the server's `--model_config_file`, a ModelServerConfig.

    Args:
        models: What to serve.
        folder: Where the models lie for the server; None leaves each where it is.
    """
    blocks = []
    for model in models:
        path = str(model.folder) if folder is None else f"{folder}/{model.name}"
        lines = [f"name: {_quoted(model.name)}", f"base_path: {_quoted(path)}"]
        lines.append('model_platform: "tensorflow"')
        if model.labels:
            versions = " ".join(
                f"versions: {number}" for number in sorted({*model.labels.values()})
            )
            lines.append(f"model_version_policy {{ specific {{ {versions} }} }}")
        for label, version in model.labels.items():
            lines.append(f"version_labels {{ key: {_quoted(label)} value: {version} }}")
        blocks.append("\n".join(["  config {", *(f"    {line}" for line in lines), "  }"]))
    return "\n".join(["model_config_list {", *blocks, "}", ""])


def batches(models: Sequence[Deployed]) -> bool:
    """Whether the server shall run rows of several requests as one batch.

    Not with an upscaler among the models: `upscale_pixels` takes images of any size, and the server
    refuses every request of a batch in which two sizes meet. It batches for all models or for none
    (what could be said of each would have to lie in its folder).

    Args:
        models: What to serve.
    """
    return not any(model.upscales for model in models)


def batching_config() -> str:
    """Write the server's `--batching_parameters_file`, a BatchingParameters."""
    sizes = [2**power for power in range(BATCH.bit_length())]
    return "\n".join(
        [
            "# Rows of several requests run as one batch. As many threads as cores is the default.",
            f"max_batch_size {{ value: {BATCH} }}",
            "# A request waits for company for two milliseconds at most.",
            "batch_timeout_micros { value: 2000 }",
            "# With more batches waiting, requests are refused as UNAVAILABLE: clients try again.",
            "max_enqueued_batches { value: 16 }",
            "# Batches are filled up to one of these, so that few shapes are ever computed.",
            *(f"allowed_batch_sizes: {size}" for size in sizes),
            "",
        ]
    )


def monitoring_config() -> str:
    """Write the server's `--monitoring_config_file`, a MonitoringConfig."""
    return f'prometheus_config {{ enable: true path: "{METRICS}" }}\n'


def prometheus_config() -> str:
    """Write Prometheus's own configuration: what it reads from the server."""
    return f"""\
scrape_configs:
  - job_name: kvae
    metrics_path: {METRICS}
    static_configs:
      - targets: ["serving:{REST_PORT}"]
"""


def server_flags(configs: str = CONFIGS, *, batching: bool = True) -> list[str]:
    """Make the server's arguments.

    Args:
        configs: The folder of the configuration files, as the server sees it.
        batching: See `batches`.
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


def docker_command(models: Sequence[Deployed], configs: Path) -> list[str]:
    """Make the command that serves models from a container, to this machine alone.

    Args:
        models: What to serve.
        configs: The folder of the configuration files.
    """
    mounts = {configs: CONFIGS, **{model.folder: f"{MODELS}/{model.name}" for model in models}}
    command = ["docker", "run", "--rm", "--init", f"--memory={MEMORY}"]
    for port in (GRPC_PORT, REST_PORT):
        command += ["--publish", f"127.0.0.1:{port}:{port}"]
    for source, target in mounts.items():
        command += ["--mount", f"type=bind,source={source},target={target},readonly"]
    flags = server_flags(batching=batches(models))
    return [*command, "--entrypoint", "tensorflow_model_server", IMAGE, *flags]


def compose(models: Sequence[Deployed]) -> str:
    """Write a `compose.yaml` that lies beside the configuration files: server and Prometheus."""
    flags = "\n".join(f"      - {flag}" for flag in server_flags(batching=batches(models)))
    mounts = "\n".join(
        _mount(str(source), target)
        for source, target in [
            (".", CONFIGS),
            *((model.folder, f"{MODELS}/{model.name}") for model in models),
        ]
    )
    return f"""\
services:
  serving:
    image: {IMAGE}
    entrypoint: ["tensorflow_model_server"]
    command:
{flags}
    ports:
      - "127.0.0.1:{GRPC_PORT}:{GRPC_PORT}"
      - "127.0.0.1:{REST_PORT}:{REST_PORT}"
    volumes:
{mounts}
    init: true
    mem_limit: {MEMORY}
    healthcheck:
      test: {_escaped(["CMD", "bash", "-c", health_check(models)])}
      interval: 10s
      timeout: 5s
      retries: 3
      start_period: 60s
    restart: unless-stopped
  prometheus:
    image: {PROMETHEUS_IMAGE}
    depends_on:
      serving:
        condition: service_healthy
    ports:
      - "127.0.0.1:{PROMETHEUS_PORT}:{PROMETHEUS_PORT}"
    volumes:
{_mount("./prometheus.yml", "/etc/prometheus/prometheus.yml")}
    restart: unless-stopped
"""


def health_check(models: Sequence[Deployed], port: int = REST_PORT) -> str:
    """Write a Bash script that succeeds when every model answers; the image has no curl."""
    request = "GET /v1/models/%s HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n"
    checks = (
        f"exec 3<>/dev/tcp/127.0.0.1/{port} && printf '{request}' {model.name} >&3 "
        "&& grep -q AVAILABLE <&3"
        for model in models
    )
    return " && ".join(checks)


def files(models: Sequence[Deployed]) -> dict[str, str]:
    """Make every file that a machine with Docker needs, by its name."""
    return {
        "models.config": models_config(models),
        **({"batching.config": batching_config()} if batches(models) else {}),
        "monitoring.config": monitoring_config(),
        "prometheus.yml": prometheus_config(),
        "compose.yaml": compose(models),
    }


def _mount(source: str, target: str) -> str:
    lines = ["- type: bind", f"  source: {_escaped(source)}", f"  target: {target}"]
    return "\n".join(f"      {line}" for line in [*lines, "  read_only: true"])


def _quoted(text: str) -> str:
    """Write a string of protobuf's text format."""
    return json.dumps(text, ensure_ascii=False)


def _escaped(value: str | list[str]) -> str:
    """Write a value of YAML; in a compose file a dollar stands for a variable."""
    return json.dumps(value, ensure_ascii=False).replace("$", "$$")
