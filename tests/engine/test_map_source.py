"""Sources of maps: in stores of a bench, and in memory."""

import pytest
import torch

from saliencynoise.engine.failures import FailedCellError
from saliencynoise.engine.map_source import ArraySource, StoredSource
from saliencynoise.store.maps import Chunk, MapStore

CHUNKS = [Chunk(index=0, key="a", rows=(0, 1)), Chunk(index=1, key="b", rows=(2,))]


@pytest.fixture
def values():
    return torch.randn(3, 2, 3, 1, 4, 5, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def stored(tmp_path, values):
    stores = [MapStore(tmp_path / str(draw)) for draw in range(2)]
    for draw, store in enumerate(stores):
        for member in range(3):
            for chunk in CHUNKS:
                rows = list(chunk.rows)
                checks = {"error": torch.tensor([10.0 * member + draw + row / 10 for row in rows])}
                store.save(member, "sum", chunk, values[member, draw, rows], seconds=1.0, diagnostics=checks)
    return StoredSource(stores, range(3), CHUNKS)


def test_stores_and_memory_give_the_same_maps(stored, values):
    held = ArraySource(values)
    assert (stored.members, stored.draws, stored.items) == (held.members, held.draws, held.items) == (3, 2, 3)
    for item, (one, other) in enumerate(zip(stored.maps(), held.maps(), strict=True)):
        assert torch.equal(one, other)
        assert torch.equal(one, values[:, :, item])
    for source in (stored, held):
        assert torch.equal(source.block(2, 1, slice(1, 3)), values[2, 1, 1:3])


def test_diagnostics_are_by_draw_member_and_image(stored, values):
    checks = stored.diagnostics()["error"]
    assert checks.shape == (2, 3, 3)
    assert checks[1, 2, 2].item() == pytest.approx(21.2)
    assert ArraySource(values).diagnostics() == {}


def test_maps_of_two_sizes_are_refused(tmp_path, values):
    store = MapStore(tmp_path)
    for member, size in ((0, 4), (1, 3)):
        store.save(member, "sum", CHUNKS[1], values[member, 0, 2:, :, :size], seconds=1.0)
    with pytest.raises(FailedCellError, match="maps of member 1 are 1x3x5, and those of member 0 are 1x4x5"):
        next(StoredSource([store], range(2), CHUNKS[1:]).maps())
