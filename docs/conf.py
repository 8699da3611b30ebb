"""Sphinx configuration."""

from importlib.metadata import version as version_of

project = "saliencynoise"
author = "The saliencynoise developers"
copyright = "2026, the saliencynoise developers"  # noqa: A001 - Sphinx's name for it
release = version_of("saliencynoise")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = f"saliencynoise {release}"
exclude_patterns = ["_build", "results/*/*.md"]  # captions, which the pages include
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_use_type_comments = False
