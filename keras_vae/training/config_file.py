"""A training's configuration as a file: YAML that people write, or a run directory's JSON."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml

from ..presets.configuration import ConfigurationError, plain, rebuild

Config = TypeVar("Config")

LARGEST = 2**22  # bytes; that of a run has some thousands

# What a run adds to its configuration; repeating it needs none of them.
RECORDS = ("command", "provenance", "versions")

# Entries of the provenance that an option chose, so that they are not found again in the data.
CHOICES = ("align_faces",)


class _Loader(yaml.SafeLoader):
    """YAML with the numbers of version 1.2, without aliases and tags, and with each key once.

    JSON is a part of it, so that one reader reads both.
    """

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Refuse aliases, with which a few lines stand for gigabytes, and tags.

        A tag such as !!bool has PyYAML convert any text, with errors of many kinds.
        """
        event = self.peek_event()
        reason = None
        if event.anchor is not None:
            reason = f"the anchor or alias '{event.anchor}' must be written out"
        elif getattr(event, "tag", None) is not None:
            reason = f"the tag '{event.tag}' must be left out"
        if reason:
            raise yaml.MarkedYAMLError(problem=reason, problem_mark=event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Refuse a second key of a name, which would overwrite the first in silence."""
        seen = set()
        for key, _ in node.value:
            if str(key.value) in seen:
                reason = f"'{key.value}' is given twice"
                raise yaml.MarkedYAMLError(problem=reason, problem_mark=key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


_BREAK = re.compile("[\x85\u2028\u2029]")


class _Dumper(yaml.SafeDumper):
    """Writes texts in quotes that `_Loader` would read as numbers, or with other line breaks."""

    def represent_text(self, text: str) -> yaml.Node:
        """Choose quotes in which line breaks other than a line feed are escaped."""
        style = '"' if _BREAK.search(text) else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _Dumper.represent_text)

# In YAML 1.1 the text 010 is the number 8, 1:30 is 90, and 1_0 is 10.
_NUMBERS = {
    "tag:yaml.org,2002:int": r"[-+]?(0|[1-9][0-9]*)$",
    "tag:yaml.org,2002:float": r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"
    r"|[-+]?\.(inf|Inf|INF)$|\.(nan|NaN|NAN)$",
}

for _each in (_Loader, _Dumper):
    _each.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in _NUMBERS]
        for first, resolvers in _each.yaml_implicit_resolvers.items()
    }
    for _tag, _pattern in _NUMBERS.items():
        _each.add_implicit_resolver(_tag, re.compile(_pattern), list("-+.0123456789"))


def read_config(path: str | Path, kind: type[Config]) -> Config:
    """Read a configuration.

    Args:
        path: A YAML file, or the `config.json` of a run directory: both have the same keys.
        kind: Its class, such as `RunConfig`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not YAML, or a key is unknown, missing or of another type; the message
            names file, line and key.
    """
    path = Path(path)
    root, values = _read_yaml(path)
    if not isinstance(values, dict):
        raise ValueError(f"{path} must hold keys and values, as a run's config.json does.")
    try:
        return rebuild(kind, values)
    except ConfigurationError as error:
        raise ValueError(f"{path}, line {_line(root, error.keys)}: {error}") from error


def _read_yaml(path: Path) -> tuple[yaml.Node | None, Any]:
    """Read a file as nodes, which know their lines, and as values."""
    try:
        with path.open("rb") as stream:  # also of a pipe, or of a device without end
            content = stream.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise ValueError
        loader = _Loader(content.decode("utf-8"))
        root = loader.get_single_node()
        return root, loader.construct_document(root) if root else None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ValueError(f"{path}, line {line}: {error.problem}.") from error
    except RecursionError as error:
        raise ValueError(f"{path} is nested too deeply.") from error
    except (OverflowError, ValueError, yaml.YAMLError) as error:  # also of a date that is none
        raise ValueError(
            f"{path} is not a text file of YAML or JSON, of at most {LARGEST:,} bytes."
        ) from error


def config_text(config: Any) -> str:
    """Write a configuration as YAML that `read_config` reads, without the records of a run."""
    values = {key: value for key, value in plain(config).items() if key not in RECORDS}
    if choices := {key: config.provenance[key] for key in CHOICES if config.provenance.get(key)}:
        values["provenance"] = choices
    return yaml.dump(
        values,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=100,
    )


def _line(node: yaml.Node, keys: Sequence[str]) -> int:
    """The line of a key, from 1; of the mapping that lacks it where it is missing."""
    line = node.start_mark.line + 1
    for key in keys:
        if isinstance(node, yaml.SequenceNode):
            found = [(each, each) for each in node.value[int(key) : int(key) + 1]]
        elif isinstance(node, yaml.MappingNode):
            found = [(name, each) for name, each in node.value if name.value == key]
        else:
            found = []
        if not found:
            break
        name, node = found[0]
        line = name.start_mark.line + 1
    return line
