import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.store.grams import load_grams, save_grams


def test_grams_are_read_as_they_were_written(tmp_path):
    gram = torch.randn(3, 4, 4, dtype=torch.float64)
    save_grams(tmp_path / "deep" / "a.safetensors", {"signed": gram, "signed.crossed": gram.mT})
    found = load_grams(tmp_path / "deep" / "a.safetensors")
    assert torch.equal(found["signed"], gram)
    assert torch.equal(found["signed.crossed"], gram.mT)


def test_a_missing_or_damaged_file_says_what_to_do(tmp_path):
    path = tmp_path / "a.safetensors"
    with pytest.raises(UsageError, match="run the same bench again"):
        load_grams(path)
    path.write_bytes(b"not a tensor")
    with pytest.raises(UsageError, match="run the same bench again"):
        load_grams(path)
