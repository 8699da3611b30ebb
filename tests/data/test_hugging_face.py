"""Folders of `save_to_disk`, written here as the library `datasets` writes them: an Arrow stream and two JSON files."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pytest
from PIL import Image

from saliencynoise.data.hugging_face import load_hugging_face
from saliencynoise.interfaces import UsageError
from tests.data.builders import pixels


def png(seed):
    content = io.BytesIO()
    Image.fromarray(pixels(seed)).save(content, "PNG")
    return content.getvalue()


def save_part(folder, labels, *, first=0, names=("dog", "cat"), shards=2, key="label"):
    folder.mkdir(parents=True)
    files = []
    for shard in range(shards):
        rows = range(shard, len(labels), shards)
        batch = pa.record_batch(
            {
                "image": pa.array([{"bytes": png(first + row), "path": None} for row in rows]),
                key: pa.array([labels[row] for row in rows]),
            }
        )
        files.append({"filename": f"data-{shard:05d}-of-{shards:05d}.arrow"})
        with pa.OSFile(str(folder / files[-1]["filename"]), "wb") as sink, pa.ipc.new_stream(sink, batch.schema) as out:
            out.write_batch(batch)
    label = {"names": list(names), "_type": "ClassLabel"} if names else {"dtype": "int64", "_type": "Value"}
    features = {"image": {"_type": "Image"}, key: label, "id": {"dtype": "string", "_type": "Value"}}
    (folder / "dataset_info.json").write_text(json.dumps({"features": features}))
    (folder / "state.json").write_text(json.dumps({"_data_files": files, "_indices_files": None}))


def save(root, **parts):
    root.mkdir()
    (root / "dataset_dict.json").write_text(json.dumps({"splits": list(parts)}))
    for number, (name, labels) in enumerate(parts.items()):
        save_part(root / name, labels, first=100 * number)


def load(root, **options):
    return load_hugging_face(path=str(root), **{"image_size": None, "seed": 0} | options)


def test_parts_pixels_and_classes_are_those_of_the_files(tmp_path):
    save(tmp_path / "pets", train=[0, 1, 0, 1, 1], validation=[1, 0, 1])
    dataset = load(tmp_path / "pets")
    assert (dataset.name, dataset.classes) == ("hf:pets", ("dog", "cat"))
    assert dataset.train.labels.tolist() == [0, 0, 1, 1, 1]  # two shards, one after the other
    assert dataset.test.names == ("validation/0", "validation/1", "validation/2")
    assert (dataset.test.images[1].permute(1, 2, 0).numpy() == pixels(102)).all()
    assert any(note.startswith("split as in the data set: 5 in train and 3 in validation") for note in dataset.notes)


def test_one_part_is_split_by_the_seed_and_numbers_are_labels(tmp_path):
    save_part(tmp_path / "one", [10, 9] * 5, names=None, key="fine_label")
    dataset = load(tmp_path / "one")
    assert dataset.classes == ("9", "10")
    assert (len(dataset.train), len(dataset.test)) == (8, 2)
    assert dataset.test.names != load(tmp_path / "one", seed=5).test.names


def test_what_is_no_such_folder_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"holds no data set of save_to_disk: dataset_dict\.json cannot be read"):
        load(tmp_path)
    save(tmp_path / "train only", train=[0, 1])
    with pytest.raises(UsageError, match="holds the parts train; there must be a training part"):
        load(tmp_path / "train only")
    save_part(tmp_path / "unlabelled", [0, -1])
    with pytest.raises(UsageError, match="row 1: the label -1 is no class"):
        load(tmp_path / "unlabelled")
    save_part(tmp_path / "broken", [0, 1])
    (tmp_path / "broken" / "data-00000-of-00002.arrow").write_bytes(b"no arrow")
    with pytest.raises(UsageError, match=r"data-00000-of-00002\.arrow' is no Arrow file"):
        load(tmp_path / "broken")
