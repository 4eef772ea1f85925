"""What storing things costs: nothing but the asset is asked for."""

from tests.support.plausible import said

REQUESTS = {**said("storage.workspace"), **said("storage.total")}
