import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.store.grams import load_grams, save_grams


def test_grams_are_read_as_they_were_written(tmp_path):
    gram = torch.randn(3, 4, 4, dtype=torch.float64)
    save_grams(tmp_path / "deep" / "a.safetensors", {"signed": gram, "signed.crossed": gram.mT})
    result = load_grams(tmp_path / "deep" / "a.safetensors")
    assert torch.equal(result["signed"], gram)
    assert torch.equal(result["signed.crossed"], gram.mT)


def test_a_missing_or_damaged_file_says_what_to_do(tmp_path):
    path = tmp_path / "a.safetensors"
    with pytest.raises(UsageError, match="run the same bench again"):
        load_grams(path)
    path.write_bytes(b"not a tensor")
    with pytest.raises(UsageError, match="run the same bench again"):
        load_grams(path)


def test_any_flipped_bit_and_any_other_name_is_noticed(tmp_path):
    path = tmp_path / "a.safetensors"
    save_grams(path, {"signed": torch.randn(2, 3, 3, dtype=torch.float64), "relu": torch.zeros(1)})
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[place] ^= 4
        path.write_bytes(damaged)
        with pytest.raises(UsageError, match=r"a.safetensors (is damaged|cannot be read)"):
            load_grams(path)
    path.write_bytes(whole)
    load_grams(path)
    path.rename(tmp_path / "b.safetensors")
    with pytest.raises(UsageError, match=r"b.safetensors is damaged, or of another method or run; run the same bench"):
        load_grams(tmp_path / "b.safetensors")
