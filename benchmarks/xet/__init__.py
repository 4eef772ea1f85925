"""Files in chunks against the same bytes sent whole. See `__main__`."""
