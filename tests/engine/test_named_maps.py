"""What a name of maps stands for."""

import pytest

from saliencynoise.engine.named_maps import one_of
from saliencynoise.interfaces import UsageError


def test_a_name_of_several_methods_asks_for_one_of_them():
    cells = [("net", "gradcam(layer=top)"), ("net", "gradcam(layer=middle)"), ("net", "lime"), ("other", "lime")]
    assert one_of("gradcam(layer=top)", cells) == one_of("net/gradcam(layer=top)", cells) == cells[0]
    assert one_of("other/lime", cells) == cells[3]
    with pytest.raises(UsageError, match=r"name 'net/gradcam\(layer=top\)' or 'net/gradcam\(layer=middle\)'"):
        one_of("gradcam", cells)
    with pytest.raises(UsageError, match="name 'net/lime' or 'other/lime'"):
        one_of("lime", cells)
