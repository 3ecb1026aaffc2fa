"""Presets in the flat form of version 0.1, without kinds, as its models and runs hold them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NETWORKS = {"pool": "pca", "blocks": "residual", "encoder": "convolutional", "hidden": "dense"}
_TERMS = ("perceptual", "distillation", "mmd")


def is_legacy(values: Mapping[str, Any]) -> bool:
    """Whether a preset's JSON-ready values are those of version 0.1."""
    return "posterior_scale" in values


def upgraded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values of version 0.1 the form of `Preset.to_dict`."""
    values, network, flat = dict(values), values["network"], values["objective"]
    values["network"] = {
        "kind": next(kind for name, kind in _NETWORKS.items() if name in network),
        **network,
    }
    values["posterior"] = {
        "kind": "gaussian" if values.pop("stochastic", True) else "deterministic",
        "scale": values.pop("posterior_scale"),
    }
    values["objective"] = {
        "likelihood": _likelihood(flat),
        "bound": _bound(flat),
        "terms": [
            {"kind": kind, "weight": flat[f"{kind}_weight"]}
            for kind in _TERMS
            if flat.get(f"{kind}_weight")
        ],
    }
    return values


def _likelihood(flat: Mapping[str, Any]) -> dict[str, Any]:
    """A likelihood with the one number that its kind has, if any."""
    kind = flat["likelihood"]
    number = {
        "gaussian": "variance",
        "squared_error": "variance",
        "mean_squared_error": "weight",
    }.get(kind)
    return {"kind": kind} if number is None else {"kind": kind, number: flat.get(number, 1.0)}


def _bound(flat: Mapping[str, Any]) -> dict[str, Any]:
    annealing = {"kind": flat.get("annealing", "constant")}
    if annealing["kind"] != "constant":
        annealing["steps"] = flat["annealing_steps"]
    if flat.get("importance_samples", 1) > 1:
        samples = flat["importance_samples"]
        return {"kind": "importance_weighted", "samples": samples, "annealing": annealing}
    return {
        "kind": "elbo",
        "beta": flat.get("beta", 1.0),
        "annealing": annealing,
        "free_bits": flat.get("free_bits", 0.0),
    }
