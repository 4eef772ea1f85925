"""MLflow's searches as questions of the core: one parser of its language, and for each search what its keys mean."""
