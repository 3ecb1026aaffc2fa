"""The account of a source's files: what was taken, what was left out, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from ..files.naming import cut, printable

EXAMPLES = 3  # names that are kept for each reason
SHOWN = 6  # reasons in one line
LONGEST = 500  # letters of a name


@dataclass
class Account:
    """What became of each file, array or line of a source.

    Attributes:
        taken: Images that were taken, by what they are: an ending, or the name of an array.
        left_out: For each reason, how many were left out, and the names of the first.
        notes: Sentences about what was converted or assumed.
    """

    taken: Counter[str] = field(default_factory=Counter)
    left_out: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def leave_out(self, reason: str, names: Iterable[str] = (), count: int | None = None) -> None:
        """Count what is left out for a reason.

        Args:
            reason: A noun phrase, such as "hidden".
            names: What is left out.
            count: How many; by default as many as there are names.
        """
        names = [cut(printable(name), LONGEST) for name in names]
        before, examples = self.left_out.get(reason, (0, []))
        total = before + (len(names) if count is None else count)
        if total:
            self.left_out[reason] = (total, (examples + names)[:EXAMPLES])

    def withdraw(self, name: str) -> None:
        """Count an image that cannot be used after all as not taken.

        Args:
            name: The image; of a set without files its kind is known if there is only one.
        """
        kind = next(iter(self.taken)) if len(self.taken) == 1 else ending(name)
        if kind in self.taken:
            self.taken[kind] -= 1
            self.taken = +self.taken

    def as_json(self) -> dict[str, Any]:
        """Return JSON-ready values, which `from_json` reads."""
        left_out = {reason: [count, names] for reason, (count, names) in self.left_out.items()}
        return {"taken": dict(self.taken), "left_out": left_out, "notes": self.notes}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Account:
        """Read what `as_json` returned."""
        left_out = {reason: (count, names) for reason, (count, names) in facts["left_out"].items()}
        return cls(Counter(facts["taken"]), left_out, list(facts["notes"]))

    @property
    def taken_line(self) -> str:
        """What was taken, with the notes, in one line."""
        taken = ", ".join(f"{count:,} {kind}" for kind, count in self.taken.most_common())
        return "; ".join([*filter(None, [taken]), *self.notes])

    @property
    def left_out_line(self) -> str:
        """What was left out, in one line; "nothing" if that is so."""
        reasons = sorted(self.left_out.items(), key=lambda item: -item[1][0])
        parts = [_phrase(reason, *counted) for reason, counted in reasons[:SHOWN]]
        rest = reasons[SHOWN:]
        if rest:
            parts.append(f"{sum(count for _, (count, _) in rest):,} for {len(rest)} other reasons")
        return "; ".join(parts) or "nothing"


def _phrase(reason: str, count: int, names: list[str]) -> str:
    examples = ", ".join(names) + (", …" if count > len(names) else "")
    return f"{count:,} {reason}" + (f" ({examples})" if names else "")


def ending(name: str) -> str:
    """Return a file's ending in lower case, or "no ending"."""
    return PurePath(name).suffix.lower() or "no ending"
