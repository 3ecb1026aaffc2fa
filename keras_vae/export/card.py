"""The model card: a template for each kind of model, filled with the facts in its folder."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from ..files.atomic import OutputGroup, write_text
from ..files.templates import templates
from ..presets import Preset
from ..training.run_directory import json_text, read_json, write_json

EVALUATION = "evaluation.json"  # beside model.json
AUTOENCODER = "autoencoder"  # the kind of a model whose `model.json` names none


def model_card(facts: Mapping[str, Any], evaluation: Mapping[str, Any] | None = None) -> str:
    """Write a model's card.

    Args:
        facts: What its `model.json` holds; `kind` names the template.
        evaluation: What `kvae evaluate` measured; None: the card shows the metrics of the training.

    Returns:
        Markdown.
    """
    kind = facts.get("kind", AUTOENCODER)
    values = _autoencoder(facts, evaluation) if kind == AUTOENCODER else {}
    filters = {"number": _number, "shell_quoted": shlex.quote}
    template = templates(__package__, **filters).get_template(f"{kind}.md.j2")
    return template.render({"facts": facts, "chosen": _chosen(facts), **values})


def card_of(version: Path) -> str:
    """Write the card of an exported model from the files in its folder.

    Args:
        version: Folder of the version.
    """
    extras = version / "assets.extra"
    evaluation = extras / EVALUATION
    return model_card(
        read_json(extras / "model.json"), read_json(evaluation) if evaluation.exists() else None
    )


def write_card(
    version: Path,
    evaluation: Mapping[str, Any] | None = None,
    *,
    keep: bool = False,
    group: OutputGroup | None = None,
) -> Path:
    """Write README.md beside the versions of a model; an existing one is overwritten.

    Args:
        version: Folder of the version that the card describes.
        evaluation: Written beside `model.json`, together with the card, as `Evaluation.to_dict`
            gives it; None: the existing one is used, if there is one.
        keep: Whether an existing card stays as it is.
        group: The files that both appear together with; None: they appear now.

    Returns:
        The card's path.
    """
    card, extras = version.resolve().parent / "README.md", version / "assets.extra"
    with OutputGroup() if group is None else nullcontext(group) as files:
        if evaluation is not None:
            write_json(extras / EVALUATION, evaluation, group=files)
        if not (keep and card.exists()):
            text = card_of(version) if evaluation is None else _card(extras, evaluation)
            write_text(card, text, overwrite=True, group=files)
    return card


def _card(extras: Path, evaluation: Mapping[str, Any]) -> str:
    return model_card(read_json(extras / "model.json"), json.loads(json_text(evaluation)))


def _autoencoder(facts: Mapping[str, Any], evaluation: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the template of autoencoders shows beside the facts."""
    preset = Preset.from_dict(facts["preset"])
    measured = evaluation or {"probes": facts.get("attribute_probes"), "split": "validation"}
    return {
        "chosen": _chosen(facts, preset),
        "preset": preset,
        "distilled": preset.objective.term("distillation") is not None,
        "identity": preset.objective.term("identity"),
        "inventive": [term.description for term in preset.objective.terms if term.invents],
        "evaluation": evaluation,
        "probes": measured["probes"] or [],
        "split": measured["split"],
    }


def _chosen(facts: Mapping[str, Any], preset: Preset | None = None) -> str:
    """What chose the weights; see `RunDirectory.best_of`."""
    validated = bool((facts["data"]["counts"] or facts["metrics"]).get("validation"))
    if preset is not None and not preset.objective.losses_compare(validated):
        return "last epoch"
    return f"lowest {'validation' if validated else 'training'} loss"


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"
