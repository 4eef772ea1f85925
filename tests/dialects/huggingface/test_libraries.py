"""transformers and datasets as they come: they push, load and stream."""

from tests.dialects.huggingface.client import HubProcess


def test_a_configuration_and_a_tokenizer_go_there_and_back(chunked: HubProcess) -> None:
    """ "`transformers` config + tokenizer round trips"."""
    said = chunked.run("""
        from tokenizers import Tokenizer, models, pre_tokenizers
        from transformers import AutoConfig, AutoTokenizer, BertConfig, PreTrainedTokenizerFast
        words = Tokenizer(models.WordLevel({"[UNK]": 0, "hello": 1, "world": 2}, unk_token="[UNK]"))
        words.pre_tokenizer = pre_tokenizers.Whitespace()
        PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]").push_to_hub("ann/tiny")
        BertConfig(hidden_size=24, num_attention_heads=2, intermediate_size=32).push_to_hub("ann/tiny")
        tokenizer = AutoTokenizer.from_pretrained("ann/tiny")
        result = [tokenizer("hello world")["input_ids"], AutoConfig.from_pretrained("ann/tiny").hidden_size]
    """)
    assert said == [[1, 2], 24]


def test_a_data_set_is_pushed_loaded_and_streamed(chunked: HubProcess) -> None:
    """ "`datasets` push / load / stream round trips"."""
    said = chunked.run("""
        from datasets import Dataset, load_dataset
        Dataset.from_dict({"n": list(range(500)), "t": [f"row {n}" for n in range(500)]}).push_to_hub("ann/rows")
        Dataset.from_dict({"n": [1, 2], "t": ["a", "b"]}).push_to_hub("ann/rows", split="test")
        loaded = load_dataset("ann/rows", cache_dir=tempfile.mkdtemp())
        stream = load_dataset("ann/rows", split="train", streaming=True)
        result = [sorted(loaded), len(loaded["train"]), loaded["train"][499]["t"], next(iter(stream))["t"]]
    """)
    assert said == [["test", "train"], 500, "row 499", "row 0"]
