"""Parts of benchmarks/mlflow_side_by_side.py."""
