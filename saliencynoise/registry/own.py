"""Objects of the user's own code, by name: `my_net.py:Net`, `package.module:Net`, or what this process holds.

The full name of an object has a check, as in `/home/me/my_net.py:Net@3f2a9c1b0d1e`: the beginning of the checksum of
its file, and of the modules beside it that it imports. So the networks of a changed file are others, and a worker
process never reads another file than its parent read. Packages that a file imports are not in the checksum.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import re
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saliencynoise.interfaces.errors import UsageError, one_line
from saliencynoise.interfaces.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

HERE = "session"
"""The place of objects that no other process can import: of a script or a notebook, of a function's inside, lambdas."""

PREFIX = "saliencynoise_own_"
"""Beginning of the names of modules that were read from files."""

DIGITS = 12
"""Hex digits of a check."""

_OWN = re.compile(
    r"(?P<place>.+?\.py|[A-Za-z_]\w*(?:\.\w+)*):(?P<attribute>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
    r"(?:@(?P<check>[0-9a-f]+))?(?P<arguments>\s*\(.*\))?\s*",
    re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class OwnName:
    """The name of an object of the user's code.

    Attributes:
        place: absolute path of a file, name of a module, or `HERE`.
        attribute: name of the object in it.
        check: beginning of the checksum of the file, or for an object that only this process has a random text.
    """

    place: str
    attribute: str
    check: str

    @property
    def full(self) -> str:
        """The full name."""
        return f"{self.place}:{self.attribute}@{self.check}"

    @property
    def brought_by(self) -> str:
        """The file or module without its folders."""
        return Path(self.place).name


@dataclass(frozen=True, kw_only=True)
class _File:
    """A file that was run: its module, its path and those of the modules beside it that it imports, their check."""

    module: ModuleType
    paths: tuple[Path, ...]
    check: str


def split_own(text: str) -> tuple[str, str] | None:
    """Return the name of an own object and its arguments in brackets; None for names of plugins, which have no colon.

    >>> split_own("my_net.py:Net(width=32)"), split_own("resnet(depth=18)")
    (('my_net.py:Net', '(width=32)'), None)
    """
    match = _OWN.fullmatch(text)
    if match is None:
        return None
    arguments = match["arguments"] or ""
    return text[: len(text.rstrip()) - len(arguments.rstrip())].strip(), arguments.strip()


def label_of(text: str) -> str:
    """Return the name of an architecture or a method as a user wrote it, of own code without its file and its check.

    >>> label_of("nets/my_net.py:Net(width=32)"), label_of("resnet(depth=18)")
    ('Net(width=32)', 'resnet(depth=18)')
    """
    own = split_own(text)
    return text if own is None else own[0].rpartition(":")[2].partition("@")[0] + own[1]


def is_only_here(canonical_name: str) -> bool:
    """Whether a canonical name is of an object that only this process has."""
    return canonical_name.startswith(f"{HERE}:")


@dataclass
class OwnObjects:
    """The objects of the user's code that this process knows, by their full names."""

    _objects: dict[str, Callable[..., Any]] = field(default_factory=dict)
    _files: dict[str, _File] = field(default_factory=dict)

    def resolve(self, text: str) -> tuple[OwnName, Callable[..., Any]]:
        """Return the full name and the object of a name without arguments.

        Raises:
            UsageError: if the file, the module or the object is not there, or the file is no longer that of the check.
        """
        match = _OWN.fullmatch(text)
        assert match is not None  # noqa: S101 - `split_own` found it
        place, attribute, check = match["place"], match["attribute"], match["check"]
        if place == HERE:
            return self._of_session(text, attribute, check)
        if place.endswith(".py"):
            file = self._file(place)
            place, actual = str(file.paths[0]), file.check
            found = _attribute(file.module, attribute, where=place)
        else:
            found = _attribute(_module(place), attribute, where=place)
            actual = _check_of_object(found, place)
        if check not in {None, actual}:
            raise UsageError(
                f"{place} was changed since '{attribute}' of it was used (its checksum was {check} and is {actual}); "
                f"go back to that file, or name {Path(place).name}:{attribute} again for new networks"
            )
        return OwnName(place=place, attribute=attribute, check=actual), found

    def name_of(self, function: Callable[..., Any]) -> str:
        """Return the full name of an object; one that no other process can import is kept under a new name."""
        for text, known in self._objects.items():
            if known is function:
                return text
        importable = _importable(function)
        if importable is not None:
            return importable
        called = re.sub(r"\W", "", getattr(function, "__name__", type(function).__name__)) or "own"
        name = OwnName(place=HERE, attribute=called, check=_check_here(function))
        self._objects[name.full] = function
        return name.full

    def _of_session(self, text: str, attribute: str, check: str | None) -> tuple[OwnName, Callable[..., Any]]:
        if text not in self._objects:
            raise UsageError(
                f"'{attribute}' was an object of another session, which cannot be imported; put it into a file, as "
                f"my_net.py, and name it my_net.py:{attribute}"
            )
        return OwnName(place=HERE, attribute=attribute, check=check or ""), self._objects[text]

    def _file(self, place: str) -> _File:
        """Return a file that was run, again where it or a module beside it was changed since."""
        path = Path(place).expanduser().resolve()
        if not path.is_file():
            raise UsageError(f"there is no file {path}; name one, as in my_net.py:Net")
        known = self._files.get(str(path))
        if known is None or check_of(*known.paths) != known.check:
            self._files[str(path)] = known = _run(path)
        return known


def check_of(*files: Path) -> str:
    """Return the check of some files."""
    contents = (file.read_bytes() if file.is_file() else b"" for file in files)
    return hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents)).hexdigest()[:DIGITS]


def _run(path: Path) -> _File:
    """Run a file as a module that finds the modules beside it, as a script does; nobody else finds these."""
    spec = importlib.util.spec_from_file_location(f"{PREFIX}{path.stem}_{check_of(path)}", path)
    assert spec is not None and spec.loader is not None  # noqa: S101, PT018 - the path ends with .py
    module = importlib.util.module_from_spec(spec)
    elsewhere = {name: sys.modules.pop(name) for name in _beside(path)}
    sys.modules[spec.name] = module  # dataclasses look their module up
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[spec.name]
        raise UsageError(f"{path} cannot be imported: {one_line(error)}") from error
    finally:
        sys.path.remove(str(path.parent))
        beside = {name: sys.modules.pop(name) for name in _beside(path)}
        sys.modules.update(elsewhere)
    paths = (path, *sorted(Path(str(neighbour.__file__)) for neighbour in beside.values()))
    return _File(module=module, paths=paths, check=check_of(*paths))


def _beside(path: Path) -> list[str]:
    """Return the names of the imported modules that lie beside a file; packages are not among them."""
    files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
    return [
        name
        for name, file in files.items()
        if file and Path(file).parent == path.parent and name != "__main__" and not name.startswith(PREFIX)
    ]


def _module(place: str) -> ModuleType:
    try:
        return importlib.import_module(place)
    except (Exception, SystemExit) as error:
        beside = Path(f"{place.replace('.', '/')}.py")
        hint = f"; write {beside}:NAME for the file" if beside.is_file() else ""
        raise UsageError(f"the module {place} cannot be imported: {one_line(error)}{hint}") from error


def _check_of_object(function: Callable[..., Any], place: str) -> str:
    """Return the check of the file that defines an object, which a package may only pass on."""
    defined_in = sys.modules.get(getattr(function, "__module__", None) or place) or sys.modules[place]
    file = getattr(defined_in, "__file__", None)
    return check_of(Path(file or place))


def _attribute(module: ModuleType, attribute: str, *, where: str) -> Callable[..., Any]:
    value: Any = module
    for part in attribute.split("."):
        if not hasattr(value, part):
            known = [name for name, entry in vars(module).items() if callable(entry) and not name.startswith("_")]
            hint = did_you_mean(attribute, known, otherwise=f"it has {', '.join(known) or 'no function or class'}")
            raise UsageError(f"{where} has no '{attribute}'; {hint}")
        value = getattr(value, part)
    if not callable(value):
        raise UsageError(f"{where}:{attribute} is of type {type(value).__name__}; name a class or a function")
    found: Callable[..., Any] = value
    return found


def _importable(function: Callable[..., Any]) -> str | None:
    """Return the name by which another process imports an object; None where there is none."""
    place, attribute = str(getattr(function, "__module__", None)), getattr(function, "__qualname__", "")
    module = sys.modules.get(place)
    if module is None or place in {"__main__", "builtins"}:
        return None
    value: Any = module
    for part in attribute.split("."):
        value = getattr(value, part, None)
    if value is not function:
        return None
    return f"{module.__file__}:{attribute}" if place.startswith(PREFIX) else f"{place}:{attribute}"


def _check_here(function: Callable[..., Any]) -> str:
    """Return a check for an object of this process: that of the script where it stands at the top, else a random one.

    Two closures of one source may differ, so that their networks are never taken for each other's.
    """
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    main = getattr(sys.modules.get("__main__"), getattr(function, "__name__", ""), None)
    if main is function and inspect.isroutine(function) | inspect.isclass(function) and file and Path(file).is_file():
        return check_of(Path(file))
    return uuid.uuid4().hex[:DIGITS]
