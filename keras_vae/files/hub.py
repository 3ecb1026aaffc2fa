"""Models on the Hugging Face Hub: found and copied through its own client.

A repository holds a model's folder as it is exported: <version>/ and the card, README.md.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from .atomic import check_folder, write_folder
from .versions import CARD, RECORD, VERSION, check_replaceable, model_name, versions_of

PREFIX = "hf://"
FILES = (CARD, "[0-9]*/*")  # of a repository; what else is in it is not downloaded

logger = logging.getLogger(__name__)


class HubError(RuntimeError):
    """The hub cannot be reached, or it refuses; the message says what to do."""


@dataclass(frozen=True)
class HubAddress:
    """An address hf://USER/MODEL or hf://USER/MODEL@REVISION.

    Attributes:
        repository: "USER/MODEL".
        revision: Branch, tag or commit; None: the newest.
    """

    repository: str
    revision: str | None = None

    @classmethod
    def parse(cls, text: str) -> HubAddress:
        """Parse an address.

        Raises:
            ValueError: If it is none.
        """
        found = re.fullmatch(r"hf://([\w.-]+/[\w.-]+)(?:@(\S+))?", text)
        if found is None:
            raise ValueError(
                f"`address` must be hf://USER/MODEL or hf://USER/MODEL@REVISION. Received: {text}."
            )
        return cls(*found.groups())

    @property
    def name(self) -> str:
        """The model's name, without the user's."""
        return self.repository.rpartition("/")[2]

    def __str__(self) -> str:
        return PREFIX + self.repository + (f"@{self.revision}" if self.revision else "")


def is_address(name_or_path: str | Path) -> bool:
    """Whether a model's name is an address on the hub."""
    return str(name_or_path).startswith(PREFIX)


def download(address: HubAddress) -> Path:
    """Download a model into the hub's cache, or find it there.

    Without a connection the files that were downloaded last are used, and a warning is logged.

    Args:
        address: The model.

    Returns:
        A folder of the cache that holds the model's versions; its name is the commit.

    Raises:
        HubError: If there is no such model or revision, it may not be read, or there is no
            connection and it is not in the cache.
        ImportError: If huggingface_hub is not installed.
    """
    hub = client()

    def fetch(**options: bool) -> Path:
        return Path(
            hub.snapshot_download(
                address.repository, revision=address.revision, allow_patterns=FILES, **options
            )
        )

    with explained(address):
        try:
            hub.HfApi().model_info(address.repository, revision=address.revision)
        except (hub.errors.OfflineModeIsEnabled, hub.errors.HTTPError) as error:
            if isinstance(error, hub.errors.HfHubHTTPError):
                raise  # the hub has answered
            folder = fetch(local_files_only=True)
            logger.warning("%s is taken from the cache, commit %s: %s", address, folder.name, error)
            return folder
        return fetch()


def pull(address: HubAddress, directory: str | Path, *, overwrite: bool = False) -> Path:
    """Copy a model from the hub into a folder of its own, whole or not at all.

    The folder holds the files of the repository, and `hub.json` with the address and the commit.

    Args:
        address: The model.
        directory: Folder of the model's versions; its name is the model's name.
        overwrite: Whether an existing model is overwritten, with all its versions.

    Returns:
        The folder.

    Raises:
        FileExistsError: If the folder exists and `overwrite` is False, or it holds other files than
            a model's.
        ValueError: If the folder's name is none for a model.
        HubError: See `download`; or if the repository holds no exported model.
        ImportError: If huggingface_hub is not installed.
    """
    target = Path(directory)
    model_name(target.name)
    check_folder(target, overwrite=overwrite)
    check_replaceable(target)
    source = download(address)
    if not versions_of(source):
        raise HubError(f"{address} holds no exported model: no <version>/saved_model.pb is in it.")

    def write(draft: Path) -> None:
        shutil.copytree(source, draft, ignore=_other_files(source), dirs_exist_ok=True)
        record = {"address": str(replace(address, revision=source.name))}
        (draft / RECORD).write_text(json.dumps(record, indent=2) + "\n", "utf-8")

    return write_folder(lambda: target, write, overwrite=overwrite)


def origin(folder: Path) -> str | None:
    """The address that a model's folder was pulled from, with the commit; None for other models.

    Args:
        folder: The folder that holds the versions.

    Raises:
        ValueError: If the file that records it is damaged.
    """
    file = folder / RECORD
    if not file.is_file():
        return None
    try:
        return str(json.loads(file.read_text("utf-8"))["address"])
    except (KeyError, RecursionError, TypeError, ValueError) as error:
        raise ValueError(
            f"{file} is damaged: it holds no address. Remove it; the model itself needs no record."
        ) from error


def _other_files(root: Path) -> Callable[[str, list[str]], list[str]]:
    """What `shutil.copytree` leaves out: files that another client downloaded to the cache."""

    def ignored(folder: str, names: list[str]) -> list[str]:
        if Path(folder) != root:
            return []
        return [name for name in names if name != CARD and not VERSION.fullmatch(name)]

    return ignored


def client() -> ModuleType:
    """Import huggingface_hub.

    Raises:
        ImportError: If it is not installed.
    """
    if find_spec("huggingface_hub") is None:
        raise ImportError(
            "hf:// needs huggingface_hub, which is not installed: pip install 'keras-vae[hub]'."
        )
    import huggingface_hub
    import huggingface_hub.errors

    return huggingface_hub


@contextmanager
def explained(address: HubAddress) -> Iterator[None]:
    """Turn the client's errors into one sentence, and one that says what to do.

    Raises:
        HubError: In the place of the client's errors.
    """
    from huggingface_hub import errors

    page = f"{os.environ.get('HF_ENDPOINT', 'https://huggingface.co')}/{address.repository}"
    log_in = "Log in with `hf auth login`, or set HF_TOKEN to a token"
    try:
        yield
    except errors.GatedRepoError as error:
        reason = f"{address} needs its author's permission. Ask for it at {page}, then: {log_in}."
        raise HubError(reason) from error
    except errors.RepositoryNotFoundError as error:
        reason = f"{address} does not exist, or is private. {log_in} that may read it."
        raise HubError(reason) from error
    except errors.RevisionNotFoundError as error:
        reason = f"{address.repository} has no revision {address.revision!r}: see {page}/commits."
        raise HubError(reason) from error
    except errors.LocalTokenNotFoundError as error:
        raise HubError(f"{address} needs a token. {log_in}.") from error
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled) as error:
        reason = (
            f"{address} is not in the cache, and the hub cannot be reached. Connect, and unset "
            "HF_HUB_OFFLINE."
        )
        raise HubError(reason) from error
    except errors.HFValidationError as error:
        raise HubError(f"{address} is no name of a repository: {error}") from error
    except errors.HfHubHTTPError as error:
        status, first_line = error.response.status_code, str(error).partition("\n")[0]
        if status == 412:
            raise HubError(f"{address} was changed in the meantime. Try again.") from error
        if status in (401, 403):
            raise HubError(
                f"The hub refused access to {address}. {log_in} that may write it."
            ) from error
        raise HubError(f"The hub answered with status {status}: {first_line}") from error
    except errors.HTTPError as error:  # of the transport: there is no answer
        raise HubError(f"The hub cannot be reached: {error}. Connect, and try again.") from error
