"""Use cases of the area artifacts: bytes, trees, uploads."""
