"""Indexes of vectors: which encoder made them, and so which queries may be asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from strongroom.domain.manifests.cursor import Fields
from strongroom.domain.manifests.document import Plain
from strongroom.domain.manifests.member import Member

METRICS: Final = ("cosine", "dot", "l2", "l1", "hamming", "jaccard")
DTYPES: Final = ("float64", "float32", "float16", "bfloat16", "int8", "uint8", "binary")
DIMENSION_LARGEST: Final = 1_000_000
FIELDS: Final = ("encoder", "dimension", "metric", "dtype", "count", "source", "files", "settings", "description")


@dataclass(frozen=True, slots=True)
class Index:
    """An index. `count` is how many vectors it holds, `source` the data set they were made from."""

    encoder: Member
    dimension: int
    metric: str
    dtype: str
    count: int | None
    source: Member | None
    files: tuple[str, ...]
    settings: Mapping[str, Plain]
    description: str = ""


def read(fields: Fields) -> Index:
    """An index. :raises BadManifest: naming the place."""
    dtype, count, source, files = (fields.get(name) for name in ("dtype", "count", "source", "files"))
    return Index(
        encoder=fields["encoder"].member("model"),
        dimension=fields["dimension"].integer(1, DIMENSION_LARGEST),
        metric=fields["metric"].word(METRICS),
        dtype=dtype.word(DTYPES) if dtype else "float32",
        count=count.integer() if count else None,
        source=source.member("dataset") if source else None,
        files=tuple(one.file() for one in files.items()) if files else (),
        settings=fields.settings(),
        description=fields.words(),
    )
