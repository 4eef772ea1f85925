"""What one client pushes, the others load: the Hub's, MLflow's and our own, each as it comes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from strongroom.sdk.client import connect
from tests.dialects.huggingface.client import HubProcess
from tests.dialects.mlflow.client import MlflowProcess
from tests.http.processes import ServerProcess

MODEL = """
import numpy
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoConfig, AutoTokenizer, BertConfig, PreTrainedTokenizerFast

def save(folder):
    words = Tokenizer(models.WordLevel({"[UNK]": 0, "hello": 1, "world": 2}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]").save_pretrained(folder)
    BertConfig(hidden_size=24, num_attention_heads=2, intermediate_size=32).save_pretrained(folder)
    save_file({"w": numpy.arange(5000, dtype="float32")}, Path(folder) / "model.safetensors")

def load(place, **more):
    tokenizer = AutoTokenizer.from_pretrained(place, **more)
    return [tokenizer("hello world")["input_ids"], AutoConfig.from_pretrained(place, **more).hidden_size]

def digests(folder):
    files = (one for one in Path(folder).rglob("*") if one.is_file() and ".cache" not in one.parts)
    return {str(one.relative_to(folder)): hashlib.sha256(one.read_bytes()).hexdigest() for one in files}
"""
DIGESTS = """
import hashlib
def digests(folder):
    return {str(one.relative_to(folder)): hashlib.sha256(one.read_bytes()).hexdigest()
            for one in Path(folder).rglob("*") if one.is_file()}
"""


@pytest.fixture(scope="module")
def mlflow(server: ServerProcess, token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowProcess]:
    """MLflow's client; all that it is told is the address and a token."""
    child = MlflowProcess(server.url, tmp_path_factory.mktemp("mlflow"), MLFLOW_TRACKING_TOKEN=token)
    try:
        yield child
    finally:
        child.close()


def test_a_push_to_the_hub_is_loaded_by_the_others(
    chunked: HubProcess, mlflow: MlflowProcess, server: ServerProcess, token: str, tmp_path: Path
) -> None:
    """ "One blob, two shapes": what came in chunks and in commits, MLflow and the SDK read byte for byte."""
    pushed = chunked.run(
        MODEL
        + """
folder = tempfile.mkdtemp()
save(folder)
api.create_repo("default/bert-tiny")
api.upload_folder(repo_id="default/bert-tiny", folder_path=folder)
api.create_tag("default/bert-tiny", tag="v1.0")
result = digests(folder)
"""
    )
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= pushed.keys()
    loaded = mlflow.run(
        DIGESTS
        + """
client.set_registered_model_alias("bert-tiny", "champion", 1)
by = [mlflow.artifacts.download_artifacts(f"models:/bert-tiny{end}", dst_path=tempfile.mkdtemp())
      for end in ("/1", "@champion")]
result = [digests(folder) for folder in by]
"""
    )
    assert loaded == [pushed, pushed]
    with connect(server.url, token) as client:
        client.pull("bert-tiny@champion", tmp_path / "pulled")
    files = [one for one in (tmp_path / "pulled").rglob("*") if one.is_file()]
    names = chunked.run(f"result = digests({str(tmp_path / 'pulled')!r})")
    assert (names, len(files)) == (pushed, len(pushed))
    assert chunked.run('result = load("default/bert-tiny", revision="@champion")') == [[1, 2], 24]


def test_what_mlflow_registers_is_loaded_from_the_hub(chunked: HubProcess, mlflow: MlflowProcess) -> None:
    """ "a registered MLflow model can be pulled with `snapshot_download` and the other way round"."""
    made = chunked.run(MODEL + "folder = tempfile.mkdtemp(); save(folder); result = folder")
    logged = mlflow.run(
        DIGESTS
        + f"""
with mlflow.start_run() as run:
    mlflow.log_artifacts({made!r}, "model")
client.create_registered_model("churn-tiny", description="by MLflow")
version = client.create_model_version("churn-tiny", f"runs:/{{run.info.run_id}}/model", run.info.run_id)
client.set_registered_model_alias("churn-tiny", "champion", version.version)
result = [digests({made!r}), version.version]
"""
    )
    said = chunked.run("""
        got = api.snapshot_download("default/churn-tiny", local_dir=tempfile.mkdtemp())
        info = api.model_info("default/churn-tiny", files_metadata=True)
        refs = api.list_repo_refs("default/churn-tiny")
        result = [digests(got), load("default/churn-tiny"), load("default/churn-tiny", revision="@champion"),
                  sorted(one.rfilename for one in info.siblings), "default/churn-tiny" in
                  [one.id for one in api.list_models(author="default")], len(info.sha)]
    """)
    assert said[0] == logged[0]
    assert said[1:] == [[[1, 2], 24], [[1, 2], 24], sorted(logged[0]), True, 40]
