"""The user guide: ``sphinx-build -W docs docs/_build`` (extra ``docs``)."""

from __future__ import annotations

from importlib.metadata import version as version_of


project = "optuna-scaleup"
author = "The optuna-scaleup contributors"
release = version_of("optuna-scaleup")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "optuna-scaleup"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
napoleon_use_ivar = True  # attributes in the docstring, without an entry each of their own
