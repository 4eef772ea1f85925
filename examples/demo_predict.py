"""The second process of the demonstration: pulls a version by reference and predicts; knows nothing of the training."""

import json
import sys
import tempfile

import demo_models
import joblib

from strongroom.sdk import Client


def main() -> None:
    """Print the version that was pulled and the chances it gives the first rows of the test data, as JSON."""
    data = demo_models.load()
    with Client() as client, tempfile.TemporaryDirectory() as folder:
        pulled = client.pull(sys.argv[1], to=folder, progress=False)
        model = joblib.load(pulled / "model.joblib")  # a file we have just checked against its SHA-256
        chances = model.predict_proba(data.test_x[:5])[:, 1].tolist()
    print(json.dumps({"number": pulled.version.number, "chances": chances}))


main()
