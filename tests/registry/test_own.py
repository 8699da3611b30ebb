"""Objects of the user's own code, by name."""

from __future__ import annotations

import subprocess
import sys

import pytest
from torch import nn

from saliencynoise.interfaces import UsageError
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.registry.own import OwnObjects, check_of, is_only_here, label_of, split_own

SOURCE = """
from torch import nn
from beside import WIDTH

def net(num_classes, in_chans, width=WIDTH):
    return nn.Sequential(nn.Conv2d(in_chans, width, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(width, num_classes))

class Outer:
    net = staticmethod(net)

NUMBER = 3
"""


class Top(nn.Module):
    """A class that other processes can import."""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "beside.py").write_text("WIDTH = 5\n")
    path = tmp_path / "my net.py"
    path.write_text(SOURCE)
    return path


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("my_net.py:Net", ("my_net.py:Net", "")),
        ("a (b)/my net.py:Net(width=32, kind='a:b')", ("a (b)/my net.py:Net", "(width=32, kind='a:b')")),
        ("package.module:Net.small(width=3)", ("package.module:Net.small", "(width=3)")),
        ("/a/b.py:Net@3f2a(width=3)", ("/a/b.py:Net@3f2a", "(width=3)")),
        ("resnet(depth=18)", None),
        ("timm/resnet18", None),
        ("resnet(kind=a:b)", None),
        ("my_net.py", None),
    ],
)
def test_names_of_own_code_are_told_from_those_of_plugins(text, parts):
    assert split_own(text) == parts


def test_a_file_is_named_by_its_path_and_checksum(file, monkeypatch):
    monkeypatch.chdir(file.parent)
    model = catalogue().model("my net.py:net(width=3)")
    assert model.display_name == "net(width=3)"
    assert model.canonical_name == f"{file}:net@{check_of(file, file.parent / 'beside.py')}(width=3)"
    assert label_of(model.canonical_name) == "net(width=3)"
    assert catalogue().model(model.canonical_name).entry == model.entry


def test_files_of_two_folders_have_each_their_own_neighbours(file, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "my_net.py").write_text(SOURCE)
    (other / "beside.py").write_text("WIDTH = 7\n")
    widths = [
        catalogue().model(f"{path}:net").load().build((3, 8, 8), 2).module[0].out_channels
        for path in (file, other / "my_net.py")
    ]
    assert widths == [5, 7]
    assert "beside" not in sys.modules


def test_a_changed_file_is_another_architecture_and_the_old_one_is_refused(file):
    old = catalogue().model(f"{file}:net").canonical_name
    (file.parent / "beside.py").write_text("WIDTH = 6\n")
    changed = catalogue().model(f"{file}:net")
    assert changed.canonical_name != old
    assert changed.load().build((3, 8, 8), 2).module[0].out_channels == 6, "the module beside it is read again"
    file.write_text(SOURCE + "# changed\n")
    assert catalogue().model(f"{file}:net").canonical_name != old
    with pytest.raises(UsageError, match=r"my net\.py was changed since 'net' of it was used .* name my net\.py:net"):
        catalogue().model(old)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing.py:net", "there is no file"),
        ("my net.py:nett", "has no 'nett'; did you mean 'net'?"),
        ("my net.py:NUMBER", "NUMBER is of type int; name a class or a function"),
        ("my net.py", "'my net.py' is a file; name the class or function in it, as in my net.py:Net"),
        ("broken.py:net", "broken.py cannot be imported: SyntaxError"),
        ("broken:net", "the module broken cannot be imported"),
        ("stopped.py:net", "stopped.py cannot be imported: SystemExit: 3"),
        ("beside:net", "write beside.py:NAME for the file"),
        ("my net.py:net(widht=3)", "has no argument 'widht'; did you mean 'width'?"),
        ("my net.py:net(width=3, width=4)", "'width' is given twice"),
    ],
)
def test_what_cannot_be_used_is_refused(file, monkeypatch, name, message):
    (file.parent / "broken.py").write_text("def net(:\n")
    (file.parent / "stopped.py").write_text("raise SystemExit(3)\n")
    monkeypatch.chdir(file.parent)
    with pytest.raises(UsageError) as caught:
        catalogue().model(name).load()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_object_that_can_be_imported_has_the_name_of_its_module():
    own = OwnObjects()
    name = own.name_of(Top)
    assert name == f"{__name__}:Top"
    assert own.resolve(name)[1] is Top
    assert not is_only_here(own.resolve(name)[0].full)


def test_an_object_of_a_file_keeps_the_name_of_the_file(file):
    own = OwnObjects()
    _, function = own.resolve(f"{file}:net")
    assert own.name_of(function) == f"{file}:net"


def test_closures_of_one_source_are_two_objects_and_each_is_known_again():
    def made(width):
        return lambda: nn.Linear(width, 2)

    own, (first, second) = OwnObjects(), (made(1), made(2))
    names = [own.name_of(first), own.name_of(second)]
    assert len(set(names)) == 2
    assert all(is_only_here(name) for name in names)
    assert [own.name_of(first), own.name_of(second)] == names
    assert own.resolve(names[1])[1] is second
    with pytest.raises(UsageError, match="was an object of another session"):
        OwnObjects().resolve(names[0])


def test_a_function_of_a_script_has_the_checksum_of_the_script(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from saliencynoise.registry.own import OwnObjects\ndef net(): ...\nprint(OwnObjects().name_of(net))\n"
    )
    outputs = [
        subprocess.run([sys.executable, str(script)], check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    ]
    assert outputs == [f"session:net@{check_of(script)}\n"] * 2
