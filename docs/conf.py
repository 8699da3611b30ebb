"""Sphinx configuration."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "scripts"))

from generated import write_pages
from mathml import add_renderer

project = "saliencynoise"
author = "The saliencynoise developers"
copyright = "2026, the saliencynoise developers"  # noqa: A001 - Sphinx's name for it
release = version_of("saliencynoise")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
smartquotes = False  # commands and options are copied from the pages
html_math_renderer = "mathml"
html_theme = "furo"
html_title = f"saliencynoise {release}"
exclude_patterns = ["_build", "results/*/*.md"]  # captions, which the pages include
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_use_type_comments = False


def setup(app: Any) -> None:
    """Write the pages of commands and methods before Sphinx looks for pages, and draw formulas without a network."""
    add_renderer(app)
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir) / "reference"))
