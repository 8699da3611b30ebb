"""A temporary folder lives as long as the object that needs it."""

from __future__ import annotations

import gc

from saliencynoise.store.run_files import RunFiles
from saliencynoise.store.scratch import Scratch


def test_a_folder_goes_with_the_last_object_that_needs_it():
    scratch = Scratch()
    path, reader = scratch.path, RunFiles(scratch.path, {}, scratch)
    scratch.file(".npy").write_bytes(b"1")
    del scratch
    gc.collect()
    assert path.is_dir()
    del reader
    gc.collect()
    assert not path.exists()


def test_a_folder_can_be_removed_at_once_and_files_have_names_of_their_own():
    scratch = Scratch()
    assert scratch.file(".npy") != scratch.file(".npy")
    scratch.remove()
    assert not scratch.path.exists()
