"""What the server says of itself."""

from msgspec import field

from strongroom.dialects.mlflow.wire.codec import Message


class ServerInfo(Message, omit_defaults=False):
    """What clients switch on."""

    store_type: str = "SqlStore"
    workspaces_enabled: bool = True
    trace_archival_enabled: bool = False
    multipart_uploads_enabled: bool = True
    multipart_downloads_enabled: bool = False
    presigned_upload_run_id_supported: bool = False
    presigned_upload_model_id_supported: bool = False
    features_enabled: dict[str, bool] = field(default_factory=lambda: {"gateway": False})
