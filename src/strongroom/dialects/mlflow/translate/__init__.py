"""From MLflow's messages to the core's words and back: pure functions."""
