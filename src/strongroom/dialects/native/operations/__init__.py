"""The native API's operations, one module a noun group; `routes.py` collects them."""
