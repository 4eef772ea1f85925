"""Recalls: what must not be pulled any more, how far that reaches, and who is exempt."""
