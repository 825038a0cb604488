"""Sphinx: furo over MyST; offline, every warning an error (`make docs`)."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "image-provider-harness"
author = "the maintainers"
html_title = "harness"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "excerpts",
    "command_line",
    "house_docstrings",
]
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 4
myst_links_external_new_tab = False
suppress_warnings = ["myst.strikethrough"]
exclude_patterns = [
    "_build",
    "README.md",
    "shared",
]  # the last: texts that several pages begin with
nitpicky = True
# Types of other packages and of our own depths have no page here, and nothing is fetched from
# elsewhere (no intersphinx): the reference reads without a network.
nitpick_ignore_regex = [("py:.*", r"(?!harness\.(api|conformance|strategies)\.).*")]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_class_signature = "separated"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
default_role = "code"
add_module_names = False

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["house.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_theme_options = {
    "navigation_with_keys": True,
    "light_css_variables": {
        "color-brand-primary": "#0b57a4",
        "color-brand-content": "#0b57a4",
    },
    "dark_css_variables": {
        "color-brand-primary": "#8ec5ff",
        "color-brand-content": "#8ec5ff",
    },
}
pygments_style = "tango"
pygments_dark_style = "github-dark"
highlight_language = "none"
copybutton_exclude = ".linenos, .gp, .go"
