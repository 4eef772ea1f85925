"""What ids of another MLflow mean here: handles that an import left."""

from collections.abc import Sequence

from strongroom.application.call import Call
from strongroom.application.registry import handles
from strongroom.dialects.mlflow.translate.foreign import Id
from strongroom.dialects.mlflow.translate.ids import hex_of, model_id
from strongroom.domain.errors import Invalid, NotFound

DIALECT = "mlflow"


def known_ids(call: Call, ids: Sequence[Id]) -> dict[Id, str]:
    """Our spelling of each id that means something which the caller may see."""
    if len(ids) > handles.AT_ONCE:
        raise Invalid(f"At most {handles.AT_ONCE} ids at a time.", limit=handles.AT_ONCE)
    found: dict[Id, str] = {}
    for kind, text in ids:
        try:
            pointed = handles.resolve(call, DIALECT, kind, text)
        except (NotFound, Invalid):
            continue
        if pointed.kind == kind:
            found[kind, text] = model_id(pointed.uid) if kind == "logged_model" else hex_of(pointed.uid)
    return found
