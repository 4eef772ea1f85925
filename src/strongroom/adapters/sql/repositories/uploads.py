"""Uploads in parts, in SQL."""

from collections.abc import Sequence
from dataclasses import fields

from sqlalchemy import func, insert, select, update

from strongroom.adapters.sql.repositories.base import Repository, load
from strongroom.adapters.sql.tables import file_upload, upload, upload_part
from strongroom.domain.artifacts.model import FileUpload, Upload, UploadPart

_COLUMNS = [upload.c[field.name] for field in fields(Upload)]


class SqlUploads(Repository):
    """See :class:`strongroom.application.ports.artifacts.Uploads`."""

    def add(self, new: Upload) -> None:
        values = {field.name: getattr(new, field.name) for field in fields(Upload)}
        self._connection.execute(insert(upload).values(recorded_at=self._context.now(), **values))

    def get(self, uid: str) -> Upload | None:
        row = self._connection.execute(select(*_COLUMNS).where(upload.c.uid == uid)).one_or_none()
        return load(Upload, row) if row else None

    def resumable(self, principal_id: int, workspace_id: int, sha256: str, size: int) -> Upload | None:
        query = (
            select(*_COLUMNS)
            .where(
                upload.c.principal_id == principal_id,
                upload.c.sha256 == sha256,
                upload.c.state == "open",
                upload.c.workspace_id == workspace_id,
                upload.c.size == size,
                upload.c.expires_at > self._context.now(),
            )
            .order_by(upload.c.recorded_at.desc())
            .limit(1)
        )
        row = self._connection.execute(query).one_or_none()
        return load(Upload, row) if row else None

    def add_part(self, uid: str, part: UploadPart) -> None:
        row = {"upload_uid": uid, "number": part.number, "size": part.size, "sha256": part.sha256}
        self._upsert(upload_part, [row], ["upload_uid", "number"])

    def parts(self, uid: str) -> Sequence[UploadPart]:
        columns = (upload_part.c.number, upload_part.c.size, upload_part.c.sha256)
        query = select(*columns).where(upload_part.c.upload_uid == uid).order_by(upload_part.c.number)
        return [load(UploadPart, row) for row in self._connection.execute(query)]

    def finish(self, uid: str, state: str) -> None:
        self._connection.execute(update(upload).where(upload.c.uid == uid).values(state=state))

    def expired(self, now: int, limit: int) -> Sequence[Upload]:
        query = select(*_COLUMNS).where(upload.c.state == "open", upload.c.expires_at < now).limit(limit)
        return [load(Upload, row) for row in self._connection.execute(query)]


_FILES = [file_upload.c[field.name] for field in fields(FileUpload)]


class SqlFileUploads(Repository):
    """See :class:`strongroom.application.ports.artifacts.FileUploads`."""

    def add(self, new: FileUpload) -> None:
        values = {field.name: getattr(new, field.name) for field in fields(FileUpload)}
        self._connection.execute(insert(file_upload).values(recorded_at=self._context.now(), **values))

    def get(self, uid: str) -> FileUpload | None:
        row = self._connection.execute(select(*_FILES).where(file_upload.c.uid == uid)).one_or_none()
        return load(FileUpload, row) if row else None

    def open_of(self, principal_id: int) -> int:
        mine = (file_upload.c.principal_id == principal_id, file_upload.c.state == "open")
        return self._connection.execute(select(func.count()).select_from(file_upload).where(*mine)).scalar_one()

    def finish(self, uid: str, state: str) -> None:
        self._connection.execute(update(file_upload).where(file_upload.c.uid == uid).values(state=state))

    def expired(self, now: int, limit: int) -> Sequence[FileUpload]:
        over = (file_upload.c.state == "open", file_upload.c.expires_at < now)
        return [load(FileUpload, row) for row in self._connection.execute(select(*_FILES).where(*over).limit(limit))]
