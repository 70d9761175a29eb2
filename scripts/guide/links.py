"""Links of the guide to files beside it: the site has copies of these files, since it has no repository around it."""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path

__all__ = ["beside", "linked_files", "site_links"]

ROOT = Path(__file__).resolve().parents[2]
COPIES = "repository"
"""Folder of the site with the copies."""
LINK = re.compile(r"(\]\()(?!https?://|#|mailto:)([^)#\s]+)")
CODE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


def beside(page: str) -> str:
    """The folder of a page of the site, in the repository.

    Example:
        >>> beside("data.md"), beside("repository/examples/README.md"), beside("techniques/optimizers.md")
        ('docs', 'examples', 'docs/techniques')
    """
    folder = posixpath.dirname(page)
    if page.startswith(f"{COPIES}/"):
        return posixpath.relpath(folder, COPIES)
    return posixpath.join("docs", folder).rstrip("/")


def in_site(path: str) -> str:
    """Where the site has a file of the repository.

    Example:
        >>> in_site("docs/data.md"), in_site("results/refit.csv"), in_site("README.md")
        ('data.md', 'repository/results/refit.csv', 'README.md')
    """
    if path == "README.md":
        return path  # the site begins with the guide's
    return path.removeprefix("docs/") if path.startswith("docs/") else f"{COPIES}/{path}"


def site_links(text: str, page: str) -> str:
    """The text of a page with its links as they are in the site.

    Args:
        text: Markdown.
        page: its path in the site's sources.

    Example:
        >>> site_links("[a](../results/refit.csv) [b](data.md#target)", "choosing.md")
        '[a](repository/results/refit.csv) [b](data.md#target)'
    """

    def moved(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(beside(page), match[2]))
        return match[1] + posixpath.relpath(in_site(path), posixpath.dirname(page) or ".")

    parts = CODE.split(text)
    return "".join(part if CODE.fullmatch(part) else LINK.sub(moved, part) for part in parts)


def linked_files(pages: dict[str, str]) -> list[str]:
    """The files of the repository that pages link to outside of ``docs/``, and those that these pages link to.

    Args:
        pages: path in the site's sources -> Markdown.
    """
    found: set[str] = set()
    waiting = dict(pages)
    while waiting:
        page, text = waiting.popitem()
        for match in LINK.finditer("".join(CODE.split(text)[::2])):
            path = posixpath.normpath(posixpath.join(beside(page), match[2]))
            if path in found or path.startswith("docs/") or path == "README.md" or not os.path.isfile(ROOT / path):
                continue
            found.add(path)
            if path.endswith(".md"):
                waiting[f"{COPIES}/{path}"] = (ROOT / path).read_text(encoding="utf-8")
    return sorted(found)
