"""Declared state: what files say of a workspace, compared with what is there, and brought about (docs/ci.md)."""
