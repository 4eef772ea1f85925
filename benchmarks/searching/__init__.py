"""What `benchmarks/search.py` loads and asks."""
