"""The name of a model on a server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Servable:
    """Which model is meant, and perhaps which version of it.

    Attributes:
        name: The model.
        version: Number of a version, or None.
        label: Name that the server's configuration gives a version, such as "stable", or None.
    """

    name: str
    version: int | None = None
    label: str | None = None

    @classmethod
    def parse(cls, text: str) -> Servable:
        """Read "celeba", "celeba/2" or "celeba/stable".

        Raises:
            ValueError: If it is none of these.
        """
        name, *rest = text.split("/")
        if not name or len(rest) > 1 or rest == [""]:
            raise ValueError(
                "A model on a server must be called NAME, NAME/VERSION or NAME/LABEL. "
                f"Received: {text!r}."
            )
        if rest and rest[0].isdecimal():
            return cls(name, version=int(rest[0]))
        return cls(name, label=rest[0] if rest else None)

    def __str__(self) -> str:
        part = self.label if self.version is None else self.version
        return self.name if part is None else f"{self.name}/{part}"
