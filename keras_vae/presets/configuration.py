"""Tagged configuration: frozen data classes that name their kind, so that JSON can rebuild them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from importlib import import_module
from typing import Any, ClassVar, Self, get_args, get_origin, get_type_hints


class Configuration:
    """Base of a family of kinds, such as the likelihoods; each kind is a frozen data class.

    A direct subclass is a family and keeps the registry of its kinds. A kind names itself and what
    it builds:

        @dataclass(frozen=True)
        class Gaussian(Likelihood, kind="gaussian", builds="keras_vae.models.likelihoods.Gaussian"):
            variance: float = 1.0

    Attributes:
        kind: Name of the kind, in JSON and on the command line.
        kinds: The kinds of the family by name.
        builds: Dotted name of the class that `build` makes; it is imported when it is needed, since
            presets import no TensorFlow.
    """

    kind: ClassVar[str]
    kinds: ClassVar[dict[str, type[Self]]]
    builds: ClassVar[str]

    def __init_subclass__(cls, *, kind: str = "", builds: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not kind:
            cls.kinds = {}
            return
        cls.kind, cls.builds = kind, builds
        cls.kinds[kind] = cls

    def build(self, *args: Any, **kwargs: Any) -> Any:
        """Build what this configures; the fields are its keyword arguments."""
        return self.implementation()(*args, **self.values(), **kwargs)

    def implementation(self) -> Any:
        """Import the class that `builds` names."""
        module, _, name = self.builds.rpartition(".")
        return getattr(import_module(module), name)

    def values(self) -> dict[str, Any]:
        """The fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def overridden(self, name: str, value: Any) -> Self | None:
        """Return a copy with another value of a field; None if this kind has no such field."""
        if name not in self.values():
            return None
        return replace(self, **{name: value})

    def switched(self, kind: str, name: str) -> Self:
        """Return another kind of the family, with the values of the fields that both have.

        Args:
            kind: The other kind.
            name: Of the argument that chooses it, for the error.

        Raises:
            ValueError: If the family has no such kind.
        """
        if kind == self.kind:
            return self
        other = _known_kind(type(self), kind, name)
        names = {field.name for field in fields(other)}
        return other(**{key: value for key, value in self.values().items() if key in names})

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild a kind of this family from `plain`, also after a trip through JSON.

        Raises:
            ValueError: If the kind, or one of its fields, is unknown, as where a newer version
                wrote it.
        """
        values = dict(values)
        return rebuild(_known_kind(cls, values.pop("kind", None), "kind"), values)


def _known_kind(family: type[Configuration], kind: Any, name: str) -> type[Configuration]:
    if kind not in family.kinds:
        raise ValueError(f"`{name}` must be one of {', '.join(family.kinds)}. Received: {kind!r}.")
    return family.kinds[kind]


def plain(value: Any) -> Any:
    """Turn data classes into JSON-ready values; a kind is kept beside its fields."""
    if is_dataclass(value):
        tag = {"kind": value.kind} if isinstance(value, Configuration) else {}
        return {**tag, **{field.name: plain(getattr(value, field.name)) for field in fields(value)}}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return value


def rebuild(kind: type, values: Mapping[str, Any]) -> Any:
    """Rebuild a data class from `plain`.

    Raises:
        ValueError: If it has no field of some name.
    """
    hints = _hints(kind)
    names = [field.name for field in fields(kind)]
    unknown = [name for name in values if name not in names]
    if unknown:
        raise ValueError(
            f"`{kind.__name__}` must have the fields {', '.join(names) or '(none)'}; if a newer "
            f"keras_vae wrote it, upgrade. Received: {', '.join(map(repr, unknown))}."
        )
    return kind(**{name: typed(hints[name], value) for name, value in values.items()})


_hints = cache(get_type_hints)


def typed(hint: Any, value: Any) -> Any:
    """A field's value as `plain` gave it, of the type that its annotation names."""
    if isinstance(hint, type) and is_dataclass(value):
        return value
    if hasattr(hint, "from_dict"):
        return hint.from_dict(value)
    if is_dataclass(hint):
        return rebuild(hint, value)
    if get_origin(hint) is tuple:
        each = get_args(hint)[0]
        return tuple(typed(each, item) for item in value)
    return value
