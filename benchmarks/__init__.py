"""Benchmarks of small-to-large transfer: ``python -m benchmarks --help``.

``tasks/`` turns public data into objectives, ``sources.py`` runs the small studies,
``methods/`` holds one competitor a file, ``regret.py`` runs them side by side.
"""
