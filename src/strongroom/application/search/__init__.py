"""Searching in the one filter language."""
