"""Keeps the words of what is searched: in the transaction that writes a name, a description or a card."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, func, insert, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from strongroom.adapters.sql.prepared import Prepared
from strongroom.adapters.sql.tables import asset, card_words, document, experiment, run, version
from strongroom.adapters.sql.tables.search import EACH, PLACES, document_index
from strongroom.domain.search.words import words

TABLES: Mapping[str, Table] = {"asset": asset, "version": version, "experiment": experiment, "run": run}
TEXTS: Mapping[str, tuple[str, ...]] = {
    "asset": ("name", "display_name", "description", "card"),
    "version": ("label", "description"),
    "experiment": ("name", "description"),
    "run": ("name", "note"),
}

_CONTENT: Mapping[str, tuple[str, ...]] = {"version": ("tree",)}
"""What else says that there are other words: those of the card that the content holds."""
_CARD = (
    select(card_words.c.words)
    .where(card_words.c.tree == version.c.tree, version.c.state != "purged")
    .correlate(version)
    .scalar_subquery()
)
_CARD_OF = Prepared(select(card_words.c.words).where(card_words.c.tree == bindparam("tree")))


def place(kind: str, workspace_id: int) -> str:
    """A word that all of a workspace's rows of a kind have, and that no text can have."""
    return f"\ue000{kind}{workspace_id}"


def note_new(connection: Connection, kind: str, workspace_id: int, owner_id: int, new: object) -> None:
    """Take down the words of a row that was just inserted."""
    texts = [getattr(new, name) for name in TEXTS[kind]]
    if kind in _CONTENT and (tree := getattr(new, "tree", None)):
        found = _CARD_OF.one(connection, tree=tree)
        texts.append(found.words if found else None)
    _write(connection, kind, workspace_id, owner_id, words(text for text in texts if text))


def note(connection: Connection, kind: str, owner_id: int, changed: Iterable[str]) -> None:
    """Take down the words of a row as it is now, if what changed has any."""
    if not {*TEXTS[kind], *_CONTENT.get(kind, ())}.intersection(changed):
        return
    of = TABLES[kind]
    card = [_CARD] if kind in _CONTENT else []
    mine = select(of.c.workspace_id, *(of.c[name] for name in TEXTS[kind]), *card).where(of.c.id == owner_id)
    row: tuple[Any, ...] = tuple(connection.execute(mine).one())
    id_ = owner_id * EACH + PLACES[kind]
    if connection.execute(select(document.c.id).where(document.c.id == id_)).first():
        if connection.dialect.name == "sqlite":  # it looks up in the row which words to drop, so it is first
            connection.execute(delete(document_index).where(document_index.c.rowid == id_))
        connection.execute(delete(document).where(document.c.id == id_))
    _write(connection, kind, row[0], owner_id, words(text for text in row[1:] if text))


def _write(connection: Connection, kind: str, workspace_id: int, owner_id: int, known: list[str]) -> None:
    if not known:
        return
    known = [place(kind, workspace_id), *known]
    id_ = owner_id * EACH + PLACES[kind]
    if connection.dialect.name != "sqlite":
        lexemes = func.array_to_tsvector(literal(known, ARRAY(Text())))
        connection.execute(insert(document).values(id=id_, words=lexemes))
        return
    connection.execute(insert(document).values(id=id_, words=" ".join(known)))
    connection.execute(insert(document_index).values(rowid=id_, words=" ".join(known)))
