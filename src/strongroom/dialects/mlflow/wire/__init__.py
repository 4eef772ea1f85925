"""The foreign shapes: MLflow's messages as they stand on the wire, a file a group."""
