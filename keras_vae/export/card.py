"""The model card: what a model is, was measured at, may be used for, and where it is biased."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ..evaluation import Evaluation, notes, sections
from ..files.atomic import write_text
from ..presets import Preset
from ..training.run_directory import write_json

EVALUATION = "evaluation.json"  # beside model.json

_FACES = """\
## Limits and bias

- The faces are celebrities', photographed in public and aligned by the eyes. Other
  photos must show one upright face, cropped alike; elsewhere the model answers with a face that it
  knows rather than with the one it was shown.
{prevailing}
- The training images are for non-commercial research only; these weights, made from them, are
  passed on under the same terms.
"""

_PREVAILING_WITH_DIRECTIONS = """\
- Young, light-skinned faces with make-up prevail in the data. The model renders them best, and its
  directions carry what goes together there: `Male` moves hair and make-up as well, `Eyeglasses`
  moves age.
- Labels are the judgement of a few paid raters. `Attractive`, `Young`, `Pale_Skin`, `Big_Nose` and
  the like say what they thought, not what a person is. Do not use the model to judge or to identify
  people, or to show somebody in a way that they did not agree to."""

_PREVAILING = """\
- Young, light-skinned faces with make-up prevail in the data. The model renders them best.
- Do not use the model to judge or to identify people, or to show somebody in a way that they did
  not agree to."""

_OTHERS = """\
## Limits and bias

The model knows the images it was trained on and answers any other with the nearest it knows.
"""

_DISTILLED = (
    " In training, z_mean had to tell what a classifier of the training images' labels says of "
    "them (distillation), so these numbers show what was asked of the latents: another model's "
    "can only be set beside them if the same was asked of it."
)


def model_card(facts: Mapping[str, Any], evaluation: Evaluation | None = None) -> str:
    """Write a model's card.

    Args:
        facts: What its `model.json` holds.
        evaluation: What `kvae evaluate` measured; without it the card tells what training did.

    Returns:
        Markdown.
    """
    if evaluation is None:
        probes, split = facts.get("attribute_probes") or [], "validation"
        measured = _metrics(facts)
    else:
        probes, split = [asdict(probe) for probe in evaluation.probes], evaluation.split
        measured = _evaluation(evaluation)
    parts = [
        _header(facts),
        _training(facts),
        measured,
        _probes(probes, split, _preset(facts).objective.distillation_weight > 0),
        _limits(facts),
    ]
    return "\n".join(part for part in parts if part)


def card_of(version: Path) -> str:
    """Write the card of an exported model from the files in its folder.

    Args:
        version: Folder of the version.
    """
    extras = version / "assets.extra"
    facts = json.loads((extras / "model.json").read_text("utf-8"))
    measured = extras / EVALUATION
    if not measured.exists():
        return model_card(facts)
    return model_card(facts, Evaluation.from_dict(json.loads(measured.read_text("utf-8"))))


def write_card(version: Path, evaluation: Evaluation | None = None) -> Path:
    """Write README.md beside the versions of a model, over the one that may be there.

    Args:
        version: Folder of the version that the card describes.
        evaluation: Kept beside `model.json` first; None takes the one that is kept there, if any.

    Returns:
        The card's path.
    """
    if evaluation is not None:
        write_json(version / "assets.extra" / EVALUATION, evaluation.to_dict())
    return write_text(version.resolve().parent / "README.md", card_of(version), overwrite=True)


def _header(facts: Mapping[str, Any]) -> str:
    height, width, channels = facts["image_shape"]
    return (
        f"# {facts['name']}\n\n"
        f"A variational autoencoder for images of {height}×{width}×{channels} with "
        f"{facts['latent_dim']} latent dimensions: preset `{facts['preset']['name']}` "
        f"({facts['preset']['source']}).\n\n"
        f"Use it: {_usage(facts)}, or hand the folder to TensorFlow Serving.\n\n"
        f"Licence of the data, and so of the weights: **{facts.get('licence') or 'not stated'}**.\n"
    )


def _usage(facts: Mapping[str, Any]) -> str:
    name, names = facts["name"], facts["attribute_names"]
    commands = [f"kvae generate --model {name}", f"kvae reconstruct IMG --model {name}"]
    if names:
        shown = "Smiling" if "Smiling" in names else names[0]
        commands.append(f"kvae morph IMG --model {name} --attr {shlex.quote(shown)}")
    return ", ".join(f"`{command}`" for command in commands)


def _training(facts: Mapping[str, Any]) -> str:
    epochs, versions = facts["epochs"], facts["versions"]
    return (
        "## Training\n\n"
        f"    {facts['command'] or 'started from Python'}\n\n"
        f"- Data: {_data(facts['data'])}\n"
        f"- Loss: {_preset(facts).loss_description}; weights of the lowest {watched(facts)} loss: "
        f"epoch {epochs['exported']} of {epochs['trained']}.\n"
        f"- Made with keras_vae {versions['keras_vae']}, TensorFlow {versions['tensorflow']}, "
        f"Keras {versions['keras']}; precision {facts['precision']}, seed {facts['seed']}.\n"
    )


def _data(data: Mapping[str, Any]) -> str:
    if not data["title"]:
        return "not stated."  # of a training that Python started
    counts = ", ".join(f"{count:,} {split}" for split, count in (data["counts"] or {}).items())
    homepage = f" {data['homepage']}" if data["homepage"] else ""
    return f"{data['title']}, {counts} images; split: {data['split']}.{homepage}"


def watched(facts: Mapping[str, Any]) -> str:
    """Which split's loss chose the weights: see `runs.score`."""
    splits = facts["data"]["counts"] or facts["metrics"]
    return "validation" if splits.get("validation") else "training"


def _limits(facts: Mapping[str, Any]) -> str:
    """What is known of CelebA's faces would be said falsely of any other images."""
    if facts["data"].get("dataset") != "celeba":
        return _OTHERS
    prevailing = _PREVAILING_WITH_DIRECTIONS if facts["attribute_names"] else _PREVAILING
    return _FACES.format(prevailing=prevailing)


def _preset(facts: Mapping[str, Any]) -> Preset:
    return Preset.from_dict(facts["preset"])


def _metrics(facts: Mapping[str, Any]) -> str:
    if not facts["metrics"]:
        return ""
    preset = _preset(facts)
    rows = [
        [
            split,
            f"{values['loss']:.2f}",
            f"{values['reconstruction_loss']:.2f}",
            f"{values['kl_loss']:.2f}",
            f"{values['mse']:.5f}",
            f"{values['mse_of_mean']:.5f}",
            f"{values['bits_per_dimension']:.3f}" if "bits_per_dimension" in values else "–",
        ]
        for split, values in facts["metrics"].items()
    ]
    head = [
        "split",
        f"{preset.loss_name} ({preset.loss_unit})",
        "reconstruction",
        "KL (nats)",
        "MSE, z drawn",
        "MSE, z = z_mean",
        "bits/dim",
    ]
    return (
        "## Measured\n\nMeans over each split, printed by the command above; the MSE is that of a "
        f"pixel in [0, 1].\n\n{_table(head, rows)}"
    )


def _evaluation(evaluation: Evaluation) -> str:
    """Every table of an evaluation; the first, of what was measured, becomes a sentence."""
    versions = ", ".join(f"{name} {number}" for name, number in evaluation.versions.items())
    text = (
        f"## Measured\n\n    {evaluation.command or 'measured from Python'}\n\n"
        f"On {evaluation.images:,} images of the {evaluation.split} split of {evaluation.data}; "
        f"binarisation: {evaluation.binarization}; seed {evaluation.seed}; in "
        f"{evaluation.seconds:,.0f} s with {versions}. After ± stands a standard error.\n"
    )
    for note in notes(evaluation):
        text += f"\n{note}\n"
    for heading, rows in sections(replace(evaluation, probes=())).items():
        if heading:
            text += f"\n### {heading}\n\n{_table(['measure', 'value'], list(rows.items()))}"
    return text


def _probes(probes: Sequence[Mapping[str, Any]], split: str, distilled: bool) -> str:
    if not probes:
        return ""
    mean = sum(probe["auc"] for probe in probes) / len(probes)
    rows = [
        [probe["name"], *(f"{probe[key]:.3f}" for key in ("auc", "balanced_accuracy", "accuracy"))]
        for probe in sorted(probes, key=lambda probe: -probe["auc"])
    ]
    head = ["attribute", "AUC", "balanced accuracy", "accuracy"]
    warning = _DISTILLED if distilled else ""
    return (
        "## What the latents know\n\nLinear probes: logistic regressions from z_mean, fitted on "
        f"the training split, measured on the {split} split. Mean AUC of {len(rows)} "
        f"attributes: **{mean:.3f}**.{warning}\n\n{_table(head, rows)}"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
