"""A Hugging Face Hub on this machine, for its real client: repositories of models in memory."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

TOKENS = {"hf_owner": "write", "hf_reader": "read"}
LARGE = 600  # bytes of a file that goes to large file storage


def files_of(folder: Path) -> dict[str, bytes]:
    """The contents of a folder's files by their paths in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@dataclass
class Repository:
    """A repository: its commits by their hash, newest last."""

    private: bool = False
    gated: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def commit(self, files: dict[str, bytes]) -> str:
        digest = hashlib.sha1(repr((len(self.commits), sorted(files))).encode()).hexdigest()
        self.commits[digest] = files
        return digest

    def resolve(self, revision: str) -> str | None:
        newest = next(reversed(self.commits))
        known = {"main": newest, **self.tags, **{digest: digest for digest in self.commits}}
        return known.get(revision)

    @property
    def files(self) -> dict[str, bytes]:
        return self.commits[next(reversed(self.commits))]


class FakeHub:
    """The server; `with FakeHub() as hub` starts and stops it.

    Attributes:
        repositories: By USER/MODEL.
        large: Contents in large file storage by their SHA-256.
        url: The value of HF_ENDPOINT.
        refused: Pattern of paths that are answered as by a hub without space.
    """

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.large: dict[str, bytes] = {}
        self.refused = "nothing"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> FakeHub:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add(self, name: str, files: dict[str, bytes], **options: bool) -> Repository:
        """Add a repository with one commit."""
        self.repositories[name] = repository = Repository(**options)
        repository.commit(files)
        return repository


class _Refusal(Exception):
    def __init__(self, status: int, code: str = "", **facts: str) -> None:
        self.status, self.code, self.facts = status, code, facts


def _handler(hub: FakeHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Print nothing."""

        def respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if "chunked" in (self.headers.get("Transfer-Encoding") or ""):
                self.body = self.chunks()
            else:
                self.body = self.rfile.read(length)
            path = unquote(urlsplit(self.path).path)
            try:
                if re.match(hub.refused, path):
                    raise _Refusal(507)
                for (method, pattern), answer in routes.items():
                    found = re.fullmatch(pattern, path)
                    if found and self.command in method.split():
                        answer(self, *found.groups())
                        return
                raise _Refusal(404)
            except _Refusal as refusal:
                self.send_json(
                    {"error": refusal.code, **refusal.facts}, refusal.status, refusal.code
                )

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = respond  # noqa: N815

        def chunks(self) -> bytes:
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def send(self, content: bytes, status: int = 200, **headers: str) -> None:
            self.send_response(status)
            self.close_connection = True  # else a client could go on after the server stops
            headers = {"Content_Length": str(len(content)), "Connection": "close", **headers}
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def send_json(self, values: object, status: int = 200, code: str = "") -> None:
            content = json.dumps(values).encode()
            self.send(content, status, Content_Type="application/json", X_Error_Code=code)

        def right(self) -> str | None:
            return TOKENS.get((self.headers.get("Authorization") or "").removeprefix("Bearer "))

        def repository(self, name: str, *, write: bool = False) -> Repository:
            repository = hub.repositories.get(name)
            if repository is None or (repository.private and self.right() is None):
                raise _Refusal(401 if self.right() is None else 404, "RepoNotFound")
            if repository.gated:
                raise _Refusal(403, "GatedRepo")
            if write and self.right() != "write":
                raise _Refusal(403)
            return repository

        def commit_of(self, name: str, revision: str) -> tuple[str, dict[str, bytes]]:
            repository = self.repository(name)
            digest = repository.resolve(revision)
            if digest is None:
                raise _Refusal(404, "RevisionNotFound")
            return digest, repository.commits[digest]

        def create(self) -> None:
            if self.right() is None:
                raise _Refusal(401)
            if self.right() != "write":
                raise _Refusal(403)
            values = json.loads(self.body)
            name = f"{values['organization']}/{values['name']}"
            if name in hub.repositories:
                raise _Refusal(409, url=f"{hub.url}/{name}")
            private = values.get("visibility") == "private" or bool(values.get("private"))
            hub.add(name, {".gitattributes": b"*.pb filter=lfs\n"}, private=private)
            self.send_json({"url": f"{hub.url}/{name}"})

        def delete(self) -> None:
            values = json.loads(self.body)
            name = f"{values['organization']}/{values['name']}"
            self.repository(name, write=True)
            del hub.repositories[name]
            self.send_json({})

        def validate(self) -> None:
            self.send_json({"errors": [], "warnings": []})

        def info(self, name: str, revision: str = "main") -> None:
            digest, files = self.commit_of(name, revision or "main")
            siblings = [{"rfilename": path} for path in files]
            self.send_json({"id": name, "sha": digest, "siblings": siblings})

        def tree(self, name: str, revision: str) -> None:
            _, files = self.commit_of(name, revision)
            entries = []
            for path, content in files.items():
                blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
                entry = {"type": "file", "path": path, "size": len(content), "oid": blob}
                if len(content) > LARGE:
                    digest = hashlib.sha256(content).hexdigest()
                    entry["lfs"] = {"oid": digest, "size": len(content), "pointerSize": 130}
                entries.append(entry)
            self.send_json(entries)

        def file(self, name: str, revision: str, path: str) -> None:
            digest, files = self.commit_of(name, revision)
            if path not in files:
                raise _Refusal(404, "EntryNotFound")
            etag = hashlib.sha256(files[path]).hexdigest()
            self.send(files[path], X_Repo_Commit=digest, ETag=f'"{etag}"')

        def preupload(self, name: str, _: str) -> None:
            self.repository(name, write=True)
            self.send_json(
                {
                    "files": [
                        {
                            "path": each["path"],
                            "uploadMode": "lfs" if each["size"] > LARGE else "regular",
                            "shouldIgnore": False,
                        }
                        for each in json.loads(self.body)["files"]
                    ]
                }
            )

        def batch(self, name: str) -> None:
            self.repository(name, write=True)
            objects = [
                {
                    **{key: each[key] for key in ("oid", "size")},
                    "actions": {"upload": {"href": f"{hub.url}/large/{each['oid']}"}},
                }
                for each in json.loads(self.body)["objects"]
            ]
            self.send_json({"transfer": "basic", "objects": objects})

        def store(self, digest: str) -> None:
            assert hashlib.sha256(self.body).hexdigest() == digest
            hub.large[digest] = self.body
            self.send(b"")

        def commit(self, name: str, _: str) -> None:
            repository = self.repository(name, write=True)
            files = dict(repository.files)
            for line in self.body.splitlines():
                entry = json.loads(line)
                value = entry["value"]
                if entry["key"] == "header":
                    if value.get("parentCommit", (head := repository.resolve("main"))) != head:
                        raise _Refusal(412)
                elif entry["key"] == "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                elif entry["key"] == "lfsFile":
                    files[value["path"]] = hub.large[value["oid"]]
                elif entry["key"] == "deletedFile":
                    del files[value["path"]]
            digest = repository.commit(files)
            url = f"{hub.url}/{name}/commit/{digest}"
            self.send_json({"commitUrl": url, "commitOid": digest})

    model = r"/api/models/([^/]+/[^/]+)"
    routes = {
        ("POST", "/api/repos/create"): Handler.create,
        ("DELETE", "/api/repos/delete"): Handler.delete,
        ("POST", "/api/validate-yaml"): Handler.validate,
        ("GET", model): Handler.info,
        ("GET", rf"{model}/revision/(.+)"): Handler.info,
        ("GET", rf"{model}/tree/([^/]+)"): Handler.tree,
        ("POST", rf"{model}/preupload/(.+)"): Handler.preupload,
        ("POST", rf"{model}/commit/(.+)"): Handler.commit,
        ("POST", r"/([^/]+/[^/]+)\.git/info/lfs/objects/batch"): Handler.batch,
        ("PUT", "/large/([0-9a-f]+)"): Handler.store,
        ("GET HEAD", "/([^/]+/[^/]+)/resolve/([^/]+)/(.+)"): Handler.file,
    }
    return Handler
