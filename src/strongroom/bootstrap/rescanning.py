"""What ``strongroom rescan`` does, with the database and the store in hand."""

import asyncio

from strongroom.adapters.documents.plain_yaml import PlainYaml
from strongroom.application.registry import rescanning
from strongroom.application.registry.rescanning import Rescanned
from strongroom.bootstrap.installation import install, open_store
from strongroom.bootstrap.settings import Storage


def rescan(storage: Storage) -> Rescanned:
    """Look at every version's files once. :raises DomainError: the data cannot be opened."""

    async def whole() -> Rescanned:
        installation = await install(storage)
        store = open_store(storage)
        try:
            return await rescanning.packagings(installation.database, store, PlainYaml())
        finally:
            await store.aclose()
            installation.database.close()

    return asyncio.run(whole())
