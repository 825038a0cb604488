from importlib import import_module
from pathlib import Path

import pytest

from harness.core.registry import Registry


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a package whose modules register themselves, one of them looking up the others."""
    (tmp_path / "drawers").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    texts = {
        "__init__": "",
        "shelf": "from harness.core.registry import Registry\nS = Registry('x', package='drawers')",
        "a_late": 'from drawers.shelf import S\nS.add("late", 1, rank=2)\nbefore = list(S)\n',
        "b_first": 'from drawers.shelf import S\nS.add("first", 2, rank=1)\n',
        "c_also": 'from drawers.shelf import S\nS.add("also", 3, rank=2)\n',
    }
    for name, text in texts.items():
        (tmp_path / "drawers" / f"{name}.py").write_text(text, encoding="utf-8")
    return "drawers"


def test_modules_of_the_package_register_themselves_in_the_order_of_their_ranks(
    package: str,
) -> None:
    shelf = import_module(f"{package}.shelf").S

    assert dict(shelf) == {"first": 2, "also": 3, "late": 1}
    assert list(shelf) == ["first", "also", "late"]
    assert (len(shelf), shelf["also"], shelf.get("none")) == (3, 3, None)


def test_a_name_is_registered_once() -> None:
    shelf: Registry[int] = Registry("check", package="harness.core")
    shelf.add("same", 1)

    with pytest.raises(ValueError, match="the check 'same' is registered twice"):
        shelf.add("same", 2)
