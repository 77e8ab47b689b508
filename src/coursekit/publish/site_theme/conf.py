"""Sphinx's settings for the course's site. ``coursekit.publish.site`` copies this file beside the pages; ``site.json`` has the facts.

Nothing is executed, nothing is fetched, no source is copied: what a reader can see is all there is.
"""

import json
from pathlib import Path
from typing import Any

facts: dict[str, Any] = json.loads(Path(__file__).with_name("site.json").read_text(encoding="utf-8"))

project = facts["mark"]
author = copyright = ""
language = "en"
root_doc = "index"
extensions = ["sphinx.ext.mathjax", "myst_nb"]
templates_path = ["_templates"]
exclude_patterns = ["_templates", "_static"]
nitpicky = True

myst_enable_extensions = [
    "amsmath",
    "attrs_inline",
    "colon_fence",
    "deflist",
    "dollarmath",
    "html_image",
    "strikethrough",
]
myst_heading_anchors = 4
suppress_warnings = ["myst.strikethrough"]  # it warns that only HTML can strike out; HTML is all we make

nb_execution_mode = "off"
nb_merge_streams = True
nb_output_stderr = "remove"  # progress bars
nb_ipywidgets_js: dict[str, Any] = {}  # they would come from another host

# One file with every TeX extension; SVG needs no fonts, which browsers refuse to load over file://.
mathjax_path = "mathjax.js"
mathjax3_config = {
    "options": {"enableMenu": False, "processHtmlClass": "tex2jax_process|mathjax_process|math|output_area"},
    "svg": {"fontCache": "local"},
}

html_theme = "pydata_sphinx_theme"
html_title = facts["title"]
html_static_path = ["_static"]
html_css_files = ["palette.css", "site.css"]
html_favicon = "_static/icon.svg"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_search_summary = True  # from a disk, where a page may not read another, layout.html leaves the excerpts out
html_use_index = False
html_domain_indices = False
html_permalinks_icon = "#"
html_context = {"default_mode": "auto", "course": facts}
html_sidebars: dict[str, list[str]] = {"search": [], "**": ["course-sidebar"]}
html_theme_options = {
    "navbar_start": ["course-mark"],
    "navbar_center": ["course-links"],
    "navbar_end": [],
    "navbar_align": "right",
    "article_header_start": ["part-header"],
    "secondary_sidebar_items": ["page-toc"],
    "primary_sidebar_end": [],
    "footer_start": ["course-footer"],
    "footer_end": [],
    "search_bar_text": "Search the course",
    "show_toc_level": 2,
    "back_to_top_button": False,
}
