"""Tagged configuration: frozen data classes that name their kind, so that JSON can rebuild them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, fields, is_dataclass, replace
from functools import cache
from importlib import import_module
from types import UnionType
from typing import Any, ClassVar, Self, Union, get_args, get_origin, get_type_hints

from ..files.naming import short
from .ranges import out_of_range

# Types of single values → what they are called in an error.
SCALARS = {bool: "true or false", int: "an integer", float: "a number", str: "a text"}
LARGEST = 2**63  # no library takes a larger integer, and no float one of 400 digits


class ConfigurationError(ValueError):
    """A part of a configuration that cannot be used.

    Attributes:
        reason: What is wrong.
        keys: Where it is, from the outside: ("preset", "network", "hidden").
    """

    def __init__(self, reason: str, *keys: str) -> None:
        self.reason, self.keys = reason, keys
        super().__init__(f"`{'.'.join(keys[:-1])}`: {reason}" if keys[1:] else reason)


class Ranged:
    """Base of data classes whose fields have ranges or choices: see `ranges`."""

    def __post_init__(self) -> None:
        """Refuse a value that is out of its range.

        Raises:
            ConfigurationError: If one is.
        """
        for name, fault in out_of_range(self):
            raise ConfigurationError(f"`{self.argument(name)}` {fault}", name)

    def argument(self, name: str) -> str:
        """Name of a field where a preset is changed: `Preset.override`."""
        return name


class Configuration(Ranged):
    """Base of a family of kinds, such as the likelihoods; each kind is a frozen data class.

    A direct subclass is a family and keeps the registry of its kinds. A kind names itself and what
    it builds::

        @dataclass(frozen=True)
        class Gaussian(Likelihood, kind="gaussian", builds="keras_vae.models.likelihoods.Gaussian"):
            variance: float = 1.0

    Attributes:
        kind: Name of the kind, in JSON and on the command line.
        kinds: The kinds of the family by name.
        builds: Dotted name of the class that `build` makes; it is imported when it is needed, since
            presets import no TensorFlow.

    Example:
        >>> Likelihood.from_dict({"kind": "gaussian", "variance": 0.05})
        Gaussian(variance=0.05)
    """

    kind: ClassVar[str]
    kinds: ClassVar[dict[str, type[Self]]]
    builds: ClassVar[str]

    def __init_subclass__(cls, *, kind: str = "", builds: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not kind:
            cls.kinds = {}
            return
        known = cls.kinds.get(kind, cls)
        if (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise ValueError(
                f"`kind` must be a new one, unless a notebook's cell is run again. Received: "
                f"{kind!r}, which {known.__module__}.{known.__qualname__} is."
            )
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
            ConfigurationError: If the kind, or one of its fields, is unknown, as where a newer
                version wrote it; or if a value has another type than its field.
        """
        values = dict(values)
        return rebuild(_known_kind(cls, values.pop("kind", None), "kind"), values)


def _known_kind(family: type[Configuration], kind: Any, name: str) -> type[Configuration]:
    if not isinstance(kind, str) or kind not in family.kinds:
        known = ", ".join(family.kinds)
        raise ConfigurationError(f"`{name}` must be one of {known}. Received: {short(kind)}.", name)
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
        ConfigurationError: If it has no field of some name, a field without a default is missing,
            or a value has another type than its field.
    """
    hints, known = _hints(kind), {field.name: field for field in fields(kind)}
    unknown = [name for name in values if name not in known]
    if unknown:
        raise ConfigurationError(
            f"`{kind.__name__}` must have the fields {', '.join(known) or '(none)'}; if a newer "
            f"keras_vae wrote it, upgrade. Received: {', '.join(map(repr, unknown))}.",
            str(unknown[0]),
        )
    for name, field in known.items():
        if name not in values and field.default is field.default_factory is MISSING:
            raise ConfigurationError(f"The field '{name}' is missing.", name)
    rebuilt = {}
    for name, value in values.items():
        with _located(name):
            rebuilt[name] = typed(hints[name], value)
    return kind(**rebuilt)


_hints = cache(get_type_hints)


def typed(hint: Any, value: Any) -> Any:
    """A field's value as `plain` gave it, of the type that its annotation names.

    Raises:
        ConfigurationError: If it has another type.
    """
    if isinstance(hint, type) and is_dataclass(value):
        return value
    if hasattr(hint, "from_dict"):
        return hint.from_dict(_checked(value, Mapping, "a mapping"))
    if is_dataclass(hint):
        return rebuild(hint, _checked(value, Mapping, "a mapping"))
    if get_origin(hint) is tuple:
        return _typed_tuple(get_args(hint), _checked(value, (list, tuple), "a list"))
    if get_origin(hint) in (UnionType, Union):  # optional: `int | None`, `Count | None`
        return None if value is None else typed(get_args(hint)[0], value)
    return _scalar(hint, value) if hint in SCALARS else value


def _typed_tuple(kinds: tuple[Any, ...], values: Any) -> tuple[Any, ...]:
    """Rebuild the entries of `tuple[int, ...]`, or of `tuple[int, int, int]` with its length."""
    if kinds[-1] is ...:
        kinds = kinds[:1] * len(values)
    if len(kinds) != len(values):
        raise ConfigurationError(f"must be a list of {len(kinds)}. Received: {short(values)}.")
    rebuilt = []
    for index, (kind, value) in enumerate(zip(kinds, values, strict=True)):
        with _located(str(index)):
            rebuilt.append(typed(kind, value))
    return tuple(rebuilt)


def _scalar(kind: type, value: Any) -> Any:
    """A single value: an integer may stand for a float, but nothing else for another type."""
    accepted: Any = (int, float) if kind is float else kind
    if isinstance(value, bool) and kind is not bool:
        accepted = ()
    _checked(value, accepted, SCALARS[kind])
    if isinstance(value, int) and not -LARGEST <= value < LARGEST:
        expected = f"{SCALARS[kind]} of at most 64 bits"
        raise ConfigurationError(f"must be {expected}. Received: {short(value)}.")
    return kind(value)


def _checked(value: Any, kinds: Any, expected: str) -> Any:
    if not isinstance(value, kinds):
        raise ConfigurationError(f"must be {expected}. Received: {short(value)}.")
    return value


@contextmanager
def _located(name: str) -> Iterator[None]:
    """Add the name of a field to an error in its value."""
    try:
        yield
    except ConfigurationError as error:
        reason = error.reason if error.keys else f"'{name}' {error.reason}"
        raise ConfigurationError(reason, name, *error.keys) from None
