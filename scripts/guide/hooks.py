"""What MkDocs asks of this project while it builds the site: generated pages, copies of linked files, their links."""

from __future__ import annotations

import re
from typing import Any

from mkdocs.structure.files import File

from recipes.catalogues import KINDS
from scripts.guide.cards import cards_page, kinds_page, reference_page
from scripts.guide.links import ROOT, linked_files, site_links

CARDS, REFERENCE = "techniques", "reference"
IN_NAVIGATION = ("CHANGELOG.md", "CONTRIBUTING.md", "examples/README.md")
"""Pages beside ``docs/`` that the navigation names."""
ROLE = re.compile(r":(?:class|func|meth|mod|data|attr|exc):<code>[~.]?(.*?)</code>")
"""A cross-reference of a docstring, which in the site is code."""


def on_files(files: Any, config: Any) -> Any:
    """Adds the cards, the reference and copies of the files that pages link to."""
    generated = {f"{CARDS}/{plural}.md": cards_page(plural) for plural in KINDS}
    generated[f"{CARDS}/README.md"] = kinds_page()
    generated |= {f"{REFERENCE}/{half}.md": reference_page(half) for half in ("recipes", "callbacks")}
    for path, text in generated.items():
        files.append(File.generated(config, path, content=text))
    pages = {file.src_uri: file.content_string for file in files.documentation_pages()}
    pages["navigation.md"] = " ".join(f"[]({'../' + path})" for path in IN_NAVIGATION)
    for path in linked_files(pages):
        files.append(File.generated(config, f"repository/{path}", abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links as they are in the site."""
    return site_links(markdown, page.file.src_uri)


def on_page_content(html: str, **_: Any) -> str:
    """Docstrings without the marks of cross-references."""
    return ROLE.sub(r"<code>\1</code>", html)
