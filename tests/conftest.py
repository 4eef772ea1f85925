"""What holds for every test: the shared services, and how hypothesis behaves."""

import os
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.configuration import set_hypothesis_home_dir

pytest_plugins = ["tests.support.services"]

set_hypothesis_home_dir(Path(__file__).resolve().parent.parent / ".cache" / "hypothesis")
# Shared machines are noisy: time is limited for a whole test (pytest-timeout), not for one example.
settings.register_profile("developer", deadline=None, print_blob=True)
settings.register_profile(
    "ci", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci" if os.environ.get("CI") else "developer")
