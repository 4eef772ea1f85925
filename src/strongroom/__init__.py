"""Strongroom: a self-hosted model registry and artifact store that every ML client already speaks to."""

__version__ = "0.1.0"
