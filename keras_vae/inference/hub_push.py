"""Models pushed to the Hugging Face Hub."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..files.hub import CARD, HubAddress, client, explained
from ..files.versions import version_number
from .hub_card import hub_card

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import ModelInfo

logger = logging.getLogger(__name__)

EMPTY = {".gitattributes"}  # files of a new repository


@dataclass(frozen=True)
class Push:
    """What was pushed.

    Attributes:
        address: Where, with the commit.
        files: Paths in the repository that were written.
        card_kept: Whether the repository had a card, which was not overwritten.
    """

    address: HubAddress
    files: list[str]
    card_kept: bool


def push(
    version: Path, address: HubAddress, *, private: bool = False, overwrite: bool = False
) -> Push:
    """Copy a version of a model to the hub, with its card, in one commit.

    Args:
        version: Folder of the version, as `find_version` returns it.
        address: The repository, without a revision; it is created if there is none.
        private: Whether a new repository is private.
        overwrite: Whether a version of that number, and a card, are overwritten on the hub.

    Raises:
        ValueError: If the address has a revision, or the folder's name is no number of a version.
        FileExistsError: If the repository has that version and `overwrite` is False.
        HubError: If the hub cannot be reached, or refuses, as where another push comes first.
        ImportError: If huggingface_hub is not installed.
    """
    if address.revision is not None:
        raise ValueError(f"`address` must have no revision: a push makes one. Received: {address}.")
    hub = client()
    version = version.resolve()
    version_number(version)
    api = hub.HfApi()
    with explained(address), _repository(api, address, private) as newest:
        there = _files_in(newest)
        files = {f"{version.name}/{path}": file for path, file in _files_of(version).items()}
        before = {path for path in there if path.startswith(f"{version.name}/")}
        if before and not overwrite:
            raise FileExistsError(
                f"{address} has version {version.name} already. Use `overwrite=True` to overwrite "
                "it and the card."
            )
        card_kept = CARD in there and not overwrite
        contents = files if card_kept else {**files, CARD: hub_card(version).encode()}
        operations = [hub.CommitOperationDelete(path) for path in sorted(before - files.keys())]
        operations += [hub.CommitOperationAdd(path, each) for path, each in contents.items()]
        message = f"{version.parent.name}, version {version.name}"
        with _unwrapped():
            commit = api.create_commit(
                address.repository, operations, commit_message=message, parent_commit=newest.sha
            )
    return Push(replace(address, revision=commit.oid), sorted(contents), card_kept)


@contextmanager
def _repository(api: HfApi, address: HubAddress, private: bool) -> Iterator[ModelInfo]:
    """Find a repository, or create one; a new one that is still empty after an error is deleted.

    Yields:
        Its newest commit. What is pushed names it as its parent: the hub then refuses a push that
        does not know of another one, which came first.
    """
    from huggingface_hub.errors import GatedRepoError, HTTPError, RepositoryNotFoundError

    try:
        newest = api.model_info(address.repository)
    except GatedRepoError:  # it exists
        raise
    except RepositoryNotFoundError:  # or the token may not read it
        api.create_repo(address.repository, private=private)
    else:
        yield newest
        return
    try:
        yield api.model_info(address.repository)
    except BaseException:
        try:
            if _files_in(api.model_info(address.repository)) <= EMPTY:
                api.delete_repo(address.repository)
        except HTTPError:
            logger.warning("The empty repository %s is left on the hub.", address)
        raise


def _files_in(commit: ModelInfo) -> set[str]:
    return {each.rfilename for each in commit.siblings or ()}


@contextmanager
def _unwrapped() -> Iterator[None]:
    """Raise the hub's answer, which the client hides where it uploads several files at a time."""
    try:
        yield
    except RuntimeError as error:
        raise error.__cause__ or error from None


def _files_of(version: Path) -> dict[str, Path]:
    """The files of a version by their paths in it; what starts with a dot is left out."""
    paths = (file.relative_to(version) for file in sorted(version.rglob("*")) if file.is_file())
    return {
        path.as_posix(): version / path
        for path in paths
        if not any(part.startswith(".") for part in path.parts)
    }
