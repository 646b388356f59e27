"""How the documentation is built."""

project = "Quorate"
author = "The Quorate authors"
copyright = "The Quorate authors"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "decisions/COPYME.md"]
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "Quorate"
napoleon_google_docstring = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
