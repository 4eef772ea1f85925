"""Manifests: read when a version is sealed, shown, compared, used to render and to refuse."""
