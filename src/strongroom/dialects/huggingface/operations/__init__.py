"""Handlers: translate, call the application, translate."""
