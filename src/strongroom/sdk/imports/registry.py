"""Registered models and prompts with their versions, aliases and stages."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from strongroom.sdk.errors import AlreadyExists, BadName, Conflict, Invalid, NotFound, StrongroomError
from strongroom.sdk.imports.answers import IS_PROMPT
from strongroom.sdk.imports.contents import Content, content_of
from strongroom.sdk.imports.files import Files
from strongroom.sdk.imports.model import ModelVersion, RegisteredModel
from strongroom.sdk.imports.report import Report
from strongroom.sdk.imports.source import Source
from strongroom.sdk.imports.target import IMPORT, Known, Made, Target, accepted, identity, safe_line
from strongroom.sdk.localfiles import hash_file
from strongroom.sdk.models import Asset
from strongroom.sdk.progress import Silent
from strongroom.sdk.upload import Folder, send_files

TEXT, TYPE = "mlflow.prompt.text", "_mlflow_prompt_type"
CONTENT = "prompt.txt"
MANIFEST = "strongroom.json"
STAGES = {"staging": "staging", "production": "production", "archived": "archived"}
TAGS_AT_ONCE = 100
ORIGIN_LONGEST = 2_000
_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.]*)\s*\}\}")
_SILENT = Silent()


class Registry:
    """Brings registered models, after runs and logged models, since versions are frozen out of their folders."""

    def __init__(self, target: Target, source: Source, report: Report, files: Files, *, merge: bool) -> None:
        self._target, self._source, self._report, self._files = target, source, report, files
        self._merge = merge

    def bring(self, model: RegisteredModel) -> None:
        """A registered model or prompt with all that belongs to it."""
        prompt = is_prompt(model)
        named = "prompts" if prompt else "registered models"
        self._report.found(named)
        known = self.known(model)
        try:
            uid = known.uid if known is not None else self._made(model, named)
        except (Invalid, Conflict) as error:
            self._report.refuse(named, model.name, error.detail)
            return
        if uid is None:
            return
        (self._report.imported if known is None else self._report.there)(named)
        if known is None or not known.whole:
            self._tag("asset", uid, model.name, model.tags)
        numbers = self._versions(model, uid)
        self._aliases(model, uid, numbers)
        if known is None or not known.whole:
            self._target.mark("asset", uid, {})

    def known(self, model: RegisteredModel) -> Known | None:
        """What an earlier import made of it."""
        id_ = identity_of(model)
        return self._target.find(IMPORT, "asset", [id_]).get(id_)

    def _made(self, model: RegisteredModel, named: str) -> str | None:
        kind = "prompt" if is_prompt(model) else "model"
        said = {"name": model.name, "last_updated_timestamp": model.updated_ms}
        handle = (IMPORT, "asset", identity_of(model))
        fields: dict[str, Any] = {
            "kind": kind,
            "description": model.description,
            "first_number": max(0, model.highest) + 1,
            "imported": self._target.imported([handle], model.created_ms, said),
        }
        name = model.name
        try:
            return self._target.make("asset.create", name=name, **fields)
        except AlreadyExists:
            return self._joined(model, name, kind, handle, named)
        except BadName as error:
            name = safe_line(model.name, "/:@^~")
            self._report.note(named, model.name, f"is {name!r} here: {error.detail}")
        try:
            return self._target.make("asset.create", name=name, **fields)
        except AlreadyExists:
            return self._joined(model, name, kind, handle, named)

    def _joined(
        self, model: RegisteredModel, name: str, kind: str, handle: tuple[str, str, str], named: str
    ) -> str | None:
        """The asset that has the name already."""
        if not self._merge:
            self._report.refuse(named, model.name, f"a {kind} that was not imported has this name; see --merge")
            return None
        found = next(
            (
                one
                for one in self._target.api.every("asset.list", Asset, kind=kind, namespace="", name_prefix=name)
                if one.name == name and not one.namespace
            ),
            None,
        )
        if found is None:
            self._report.refuse(named, model.name, "its name is taken by something else")
            return None
        self._target.put_handle(handle, "asset", found.uid)
        return found.uid

    def _tag(self, kind: str, uid: str, name: str, said: Mapping[str, str]) -> int:
        tags = [(key, value) for key, value in said.items() if key not in {IS_PROMPT, TEXT}]
        self._report.found("tags", len(tags))
        count = 0
        for start in range(0, len(tags), TAGS_AT_ONCE):
            taken = accepted(
                tags[start : start + TAGS_AT_ONCE],
                lambda some: self._target.api.send("tag.set", kind=kind, uid=uid, tags=dict(some)),
                lambda tag, why: self._report.refuse("tags", f"{name}: {tag[0]}", why),
            )
            count += len(taken)
        self._report.imported("tags", count)
        return count

    # -- versions ------------------------------------------------------------------------------------------------

    def _versions(self, model: RegisteredModel, asset: str) -> dict[int, str]:
        """Bring the versions, the lowest number first; numbers that are here -> uids."""
        named = "prompt versions" if is_prompt(model) else "versions"
        numbers: dict[int, str] = {}
        for one in self._source.versions(model):
            self._report.found(named)
            if not isinstance(one, ModelVersion):
                self._report.refuse(named, one.name, one.reason)
                continue
            id_ = version_identity(model, one)
            known = self._target.find(IMPORT, "version", [id_]).get(id_)
            uid = known.uid if known is not None else self._published(model, one, asset, id_, named)
            if uid is None:
                continue
            numbers[one.number] = uid
            (self._report.imported if known is None else self._report.there)(named)
            if known is None or not known.whole:
                self._finish(model, one, uid)
            else:
                for kind in ("tags", "stages"):
                    self._report.found(kind, known.parts.get(kind, 0))
                    self._report.there(kind, known.parts.get(kind, 0))
        return numbers

    def _finish(self, model: RegisteredModel, one: ModelVersion, uid: str) -> None:
        parts = {"tags": self._tag("version", uid, f"{model.name}/{one.number}", one.tags)}
        stage = STAGES.get(one.stage.lower())
        if stage is not None:
            self._report.found("stages")
            try:
                self._target.api.send("stage.set", uid=uid, stage=stage)
                self._report.imported("stages")
                parts["stages"] = 1
            except (Invalid, Conflict) as error:
                self._report.refuse("stages", f"{model.name}/{one.number}", error.detail)
        self._target.mark("version", uid, parts)

    def _published(self, model: RegisteredModel, one: ModelVersion, asset: str, id_: str, named: str) -> str | None:
        name = f"{model.name}/{one.number}"
        said = {
            "version": one.number,
            "source": one.source,
            "run_id": one.run_id,
            "run_link": one.run_link,
            "user_id": one.user,
            "status": one.status,
            "last_updated_timestamp": one.updated_ms,
        }
        fields: dict[str, Any] = {
            "number": one.number,
            "description": one.description[:65_536],
            "imported": self._target.imported([(IMPORT, "version", id_)], one.created_ms, said),
        }
        try:
            if is_prompt(model):
                return self._prompt(asset, one, fields)
            return self._of_content(asset, one, name, {**fields, "origin": one.source[:ORIGIN_LONGEST] or None})
        except (Invalid, Conflict, NotFound) as error:
            self._report.refuse(named, name, error.detail)
            return None

    def _of_content(self, asset: str, one: ModelVersion, name: str, fields: dict[str, Any]) -> str:
        content = content_of(self._target, self._source, one)
        if content.folder is not None:
            owner = "logged_model_uid" if content.folder == "logged_model" else "run_uid"
            try:
                return self._target.make(
                    "version.register", uid=asset, path=content.path, **{owner: content.folder_uid}, **fields
                )
            except AlreadyExists:
                raise
            except (Invalid, Conflict, NotFound) as error:  # nothing lies there, or the owner is in the trash
                self._report.note("versions", name, f"not out of its {content.folder}: {error.detail}")
        if content.run_uid is not None:
            fields = {**fields, "run_uid": content.run_uid}
        if content.place is not None and (uid := self._of_files(asset, content, name, fields)) is not None:
            return uid
        uri = content.uri or f"mlflow:{name}"
        self._report.note("versions", name, f"its files are not there: it is the unpinned address {uri}")
        return self._target.make("version.register", uid=asset, uri=uri, **fields)

    def _of_files(self, asset: str, content: Content, name: str, fields: dict[str, Any]) -> str | None:
        """A version of files that are read in the source; None when there are none."""
        assert content.place is not None  # noqa: S101 - who calls has looked
        draft = self._target.make("draft.create", uid=asset)
        if self._files.bring(content.place, Folder("draft", draft), name, fresh=True):
            return self._target.make("draft.seal", uid=draft, **fields)
        self._target.api.send("draft.abort", uid=draft)
        return None

    def _prompt(self, asset: str, one: ModelVersion, fields: dict[str, Any]) -> str:
        """A prompt's text as a file of its version, with a manifest where the server takes one."""
        text = one.tags.get(TEXT)
        if text is None:
            raise Invalid("The prompt has no text.")
        files = {CONTENT: text.encode(errors="replace")}
        manifest = _manifest(text, chat=one.tags.get(TYPE) == "chat")
        for some in ([{**files, MANIFEST: manifest}] if manifest is not None else []) + [files]:
            try:
                return self._sealed(asset, some, fields)
            except AlreadyExists:
                raise
            except Invalid:
                if some is files:
                    raise
        raise AssertionError  # the last of them was sealed or raised

    def _sealed(self, asset: str, files: Mapping[str, bytes], fields: dict[str, Any]) -> str:
        draft = self._target.make("draft.create", uid=asset)
        try:
            with TemporaryDirectory(prefix="strongroom-import-") as room:
                local = []
                for path, body in files.items():
                    (Path(room) / path).write_bytes(body)
                    local.append(hash_file(path, Path(room) / path, _SILENT))
                send_files(self._target.api, Folder("draft", draft), local, (), _SILENT)
            return self._target.make("draft.seal", uid=draft, **fields)
        except StrongroomError:
            self._target.api.send("draft.abort", uid=draft)
            raise

    # -- aliases -------------------------------------------------------------------------------------------------

    def _aliases(self, model: RegisteredModel, asset: str, numbers: Mapping[int, str]) -> None:
        """Set the aliases that are not here; one that is here stays where it was moved to."""
        if not model.aliases:
            return
        present = {alias.name for alias in self._target.api.call("alias.list", list[_Alias], uid=asset)}
        for alias, number in sorted(model.aliases.items()):
            self._report.found("aliases")
            if alias in present:
                self._report.there("aliases")
            elif number not in numbers:
                self._report.refuse("aliases", f"{model.name}@{alias}", f"version {number} is not here")
            else:
                try:
                    self._target.api.send("alias.set", uid=asset, name=alias, version_uid=numbers[number])
                    self._report.imported("aliases")
                except (Invalid, Conflict) as error:
                    self._report.refuse("aliases", f"{model.name}@{alias}", error.detail)


class _Alias(Made, frozen=True):
    """An alias; of its answer only the name matters here."""

    uid: str = ""
    name: str = ""


def is_prompt(model: RegisteredModel) -> bool:
    """Whether MLflow's tag says that it is a prompt."""
    return model.tags.get(IS_PROMPT, "").lower() == "true"


def identity_of(model: RegisteredModel) -> str:
    """The same for the same model, whichever way the source is read."""
    return identity(model.created_ms, model.name)


def version_identity(model: RegisteredModel, version: ModelVersion) -> str:
    """The same for the same version."""
    return identity(model.created_ms, version.created_ms, version.number, model.name)


def _manifest(text: str, *, chat: bool) -> bytes | None:
    """What the prompt is in the registry's own form; None of one that is no template or no list of messages."""
    names: dict[str, object] = {}
    document: dict[str, object] = {"manifest": 1, "kind": "prompt"}

    def named(part: str) -> str:
        names.update((name, {"type": "string"}) for name in _PLACEHOLDER.findall(part))
        return part

    if not chat:
        document["template"] = named(text)
    else:
        messages = _messages(text)
        if messages is None:
            return None
        document["messages"] = [{"role": role, "content": named(content)} for role, content in messages]
    if names:
        document["variables"] = names
    return json.dumps(document, ensure_ascii=False).encode(errors="replace")


def _messages(text: str) -> Sequence[tuple[str, str]] | None:
    try:
        found = [(one["role"], one["content"]) for one in json.loads(text) if set(one) == {"role", "content"}]
        whole = len(found) == len(json.loads(text))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return found if whole and all(isinstance(part, str) for one in found for part in one) else None
