"""The model card: what a model is, was measured at, may be used for, and where it is biased."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_FACES = """\
## Limits and bias

- The faces are celebrities', photographed in public and aligned by the eyes. Other
  photos must show one upright face, cropped alike; elsewhere the model answers with a face that it
  knows rather than with the one it was shown.
- Young, light-skinned faces with make-up prevail in the data. The model renders them best, and its
  directions carry what goes together there: `Male` moves hair and make-up as well, `Eyeglasses`
  moves age.
- Labels are the judgement of a few paid raters. `Attractive`, `Young`, `Pale_Skin`, `Big_Nose` and
  the like say what they thought, not what a person is. Do not use the model to judge or to identify
  people, or to show somebody in a way that they did not agree to.
- The training images are for non-commercial research only; these weights, made from them, are
  passed on under the same terms.
"""

_OTHERS = """\
## Limits and bias

The model knows the images it was trained on and answers any other with the nearest it knows.
"""


def model_card(facts: Mapping[str, Any]) -> str:
    """Write a model's card from its `model.json`.

    Args:
        facts: The parsed file.

    Returns:
        Markdown.
    """
    sections = [
        _header(facts),
        _training(facts),
        _metrics(facts),
        _probes(facts.get("attribute_probes") or []),
        _FACES if facts.get("attribute_names") else _OTHERS,
    ]
    return "\n".join(section for section in sections if section)


def _header(facts: Mapping[str, Any]) -> str:
    height, width, channels = facts["image_shape"]
    name = facts["name"]
    return (
        f"# {name}\n\n"
        f"A variational autoencoder for images of {height}×{width}×{channels} with "
        f"{facts['latent_dim']} latent dimensions, after {facts['preset']['source']} "
        f"(preset `{facts['preset']['name']}`).\n\n"
        f"Use it: `kvae generate --model {name}`, `kvae reconstruct IMG --model {name}`"
        + (f", `kvae morph IMG --model {name} --attr Smiling`" if facts["attribute_names"] else "")
        + ", or hand the folder to TensorFlow Serving.\n\n"
        f"Licence of the data, and so of the weights: **{facts.get('licence') or 'not stated'}**.\n"
    )


def _training(facts: Mapping[str, Any]) -> str:
    data, epochs, versions = facts["data"], facts["epochs"], facts["versions"]
    counts = ", ".join(f"{count:,} {split}" for split, count in (data["counts"] or {}).items())
    return (
        "## Training\n\n"
        f"    {facts['command'] or 'started from Python'}\n\n"
        f"- Data: {data['title']}, {counts} images; split: {data['split']}. {data['homepage']}\n"
        f"- Loss: {facts['objective']['reconstruction']} + KL divergence "
        f"({facts['objective']['unit']}); weights of the lowest validation loss: epoch "
        f"{epochs['exported']} of {epochs['trained']}.\n"
        f"- Made with keras_vae {versions['keras_vae']}, TensorFlow {versions['tensorflow']}, "
        f"Keras {versions['keras']}; precision {facts['precision']}, seed {facts['seed']}.\n"
    )


def _metrics(facts: Mapping[str, Any]) -> str:
    if not facts["metrics"]:
        return ""
    unit = facts["objective"]["unit"]
    total = "−ELBO" if unit == "nats" else "loss"
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
        f"{total} ({unit})",
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


def _probes(probes: Sequence[Mapping[str, Any]]) -> str:
    if not probes:
        return ""
    mean = sum(probe["auc"] for probe in probes) / len(probes)
    rows = [
        [probe["name"], f"{probe['auc']:.3f}", f"{probe['balanced_accuracy']:.3f}"]
        for probe in sorted(probes, key=lambda probe: -probe["auc"])
    ]
    return (
        "## What the latents know\n\nLinear probes: logistic regressions from z_mean, fitted on "
        f"the training split, measured on the validation split. Mean AUC of {len(rows)} "
        f"attributes: **{mean:.3f}**.\n\n{_table(['attribute', 'AUC', 'balanced accuracy'], rows)}"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
