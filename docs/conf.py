"""How the documentation is built."""

import os
import sys
from pathlib import Path

# a compiled function hides its signature and docstring; without the compiler it is a plain one
os.environ["NUMBA_DISABLE_JIT"] = "1"
sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "Quorate"
author = "The Quorate authors"
copyright = "The Quorate authors"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "from_code",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "decisions/COPYME.md"]
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "Quorate"
napoleon_google_docstring = False
napoleon_use_ivar = True
# no links from types: a short name such as Params belongs to every stage
napoleon_use_param = False
napoleon_use_rtype = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
