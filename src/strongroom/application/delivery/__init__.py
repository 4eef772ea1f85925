"""Use cases of delivery: environments, releases, what runs where, and the targets that report."""
