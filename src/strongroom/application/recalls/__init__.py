"""Recalls: said and lifted, asked about wherever bytes are read, followed through lineage."""
