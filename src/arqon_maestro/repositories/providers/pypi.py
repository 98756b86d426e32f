"""The Python package index: wheels through ``pip download``, source archives by file.

``pip download --no-binary`` runs a package's build backend to learn its dependencies. Nothing of a
package is ever run here, so that its source archive is looked up in the index that pip is set to.
"""

from __future__ import annotations

import html
import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from arqon_maestro.errors import MissingPartError
from arqon_maestro.repositories.downloads import (
    CONNECTION_TIMEOUT_S,
    client_file,
    download_url,
    no_answer,
    open_request,
    run_client,
)

LARGEST_INDEX_BYTES = 64 << 20
PURE_WHEEL = "-none-any.whl"
PURE_OPTIONS = ["--implementation", "py", "--abi", "none", "--platform", "any"]
"""Without them pip prefers the wheel that is compiled for the machine it runs on."""
SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"
SIMPLE_HTML = "application/vnd.pypi.simple.v1+html"


def obtain(name: str, version: str, archive: str, folder: Path) -> Path:
    """Downloads a wheel or source archive into `folder`.

    Raises:
        MissingPartError: pip is not installed, or the file can't be had.
    """
    label = f"pypi/{name} {version}"
    if archive.endswith(".whl"):
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"]
        command += ["--only-binary=:all:", "--ignore-requires-python"]
        if archive.endswith(PURE_WHEEL):
            command += PURE_OPTIONS
        command += ["--dest", str(folder), f"{name}=={version}"]
        run_client(command, label=label)
        return client_file(folder, archive, label)
    url = _file_url(name, archive, label)
    return download_url(url, folder / archive, label=label)


def provenance(name: str, version: str) -> str:
    """Returns the package URL (purl)."""
    return f"pkg:pypi/{_normal(name)}@{version}"


def _normal(name: str) -> str:
    """Returns a project's normalised name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def index_url() -> str:
    """Returns the address of the index that pip is set to.

    Raises:
        MissingPartError: pip is not installed or does not say.
    """
    label = "the package index"
    settings = run_client([sys.executable, "-m", "pip", "config", "list"], label=label)
    found = re.findall(r"^\S*\.index-url='([^']+)'", settings, re.MULTILINE)
    if not found:
        # pip's help names the index that it uses by default.
        text = run_client([sys.executable, "-m", "pip", "download", "--help"], label=label)
        found = re.findall(r"\(default\s+(https?://[^\s)]+)\s*\)", text)
    if not found:
        raise MissingPartError(
            "pip does not say which package index it uses",
            remedy="pip config set global.index-url <address>",
        )
    return str(found[-1]).rstrip("/")


def _file_url(name: str, archive: str, label: str) -> str:
    page = f"{index_url()}/{_normal(name)}/"
    request = open_request(page, accept=f"{SIMPLE_JSON}, {SIMPLE_HTML};q=0.2, text/html;q=0.1")
    try:
        with urllib.request.urlopen(request, timeout=CONNECTION_TIMEOUT_S) as answer:
            text = answer.read(LARGEST_INDEX_BYTES).decode("utf-8", "replace")
            kind = answer.headers.get_content_type()
            base = answer.url
    except (urllib.error.URLError, TimeoutError, ConnectionError, OSError) as error:
        raise no_answer(label, page, error) from None
    links = _json_links(text) if kind == SIMPLE_JSON else _html_links(text)
    if archive not in links:
        raise MissingPartError(
            f"{label} cannot be had",
            where=page,
            why=f"the index has no file {archive}",
            remedy="correct the version in the source list, or leave it out with --source",
        )
    return urllib.parse.urljoin(str(base), links[archive])


def _json_links(text: str) -> dict[str, str]:
    try:
        return {entry["filename"]: entry["url"] for entry in json.loads(text)["files"]}
    except (ValueError, KeyError, TypeError):
        return {}


def _html_links(text: str) -> dict[str, str]:
    links = {}
    for address in re.findall(r"<a\s[^>]*?href=[\"']([^\"']+)[\"']", text, re.IGNORECASE):
        address = html.unescape(address).partition("#")[0]
        links[urllib.parse.unquote(address.rsplit("/", 1)[-1])] = address
    return links
