"""`--resume`: what may be typed with it, and the command that goes on with a stopped run."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from pathlib import Path

import click

from .typed import refuse, typed_again


def refuse_changes(ctx: click.Context, may: Collection[str], rule: str) -> None:
    """Refuse options with --resume: a run goes on where it lies, with the numbers of its start.

    Args:
        ctx: Of a command.
        may: Names of the options that change nothing of the run.
        rule: What may be typed, for a sentence.

    Raises:
        click.UsageError: If others were typed.
    """
    refuse(["run_dir"], "has no place beside --resume, which names the run directory.")
    refuse(set(ctx.params) - {"resume", *may}, f"cannot be changed with --resume: {rule}.")


def resuming(ctx: click.Context, run: Path, local: Collection[str]) -> str:
    """The command that goes on with a run as this one would have.

    Args:
        ctx: Of a command that trains.
        run: The run directory.
        local: Names of options that the run does not remember.
    """
    again = {*local} - {"run_dir"}
    if ctx.params["resume"]:  # what was typed at the start is remembered, later changes are not
        again.add("data_dir")
    return shlex.join(["kvae", ctx.command.name, "--resume", str(run), *typed_again(ctx, again)])
