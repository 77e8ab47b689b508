"""What is kept comes back whole or not at all; of a name the newest is kept; a product holds while its files do."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit.cache import Cache
from dlmodule.files import is_abandoned

A, B = "a" * 64, "b" * 64


@given(content=st.binary(max_size=200), data=st.data())
def test_what_is_kept_comes_back_or_nothing_does(
    content: bytes, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever happens to a kept file (cut short, a byte changed, something added), it is the content or None."""
    cache = Cache(tmp_path_factory.mktemp("build"))
    assert cache.kept("keys", "name", A) is None
    cache.keep("keys", "name", A, content)
    assert cache.kept("keys", "name", A) == content
    (path,) = (cache.folder / "keys" / "name").iterdir()
    held = path.read_bytes()
    at = data.draw(st.integers(0, len(held) - 1))
    damage = data.draw(
        st.sampled_from([held[:at], held[:at] + bytes([held[at] ^ 1]) + held[at + 1 :], held + b"x", b""])
    )
    path.write_bytes(damage)
    assert cache.kept("keys", "name", A) in (None, content)


def test_of_a_name_the_newest_is_kept(tmp_path: Path) -> None:
    """An outdated content of the same name goes; other names, one that begins alike among them, stay."""
    cache = Cache(tmp_path)
    cache.keep("keys", "01.mean", A, "old")
    cache.keep("keys", "01.mean.of", A, "another name")
    cache.keep("keys", "01.mean", B, "new")
    assert cache.kept("keys", "01.mean", A) is None
    assert cache.kept("keys", "01.mean", B) == b"new"
    assert cache.kept("keys", "01.mean.of", A) == b"another name"
    (tmp_path / "cache" / "keys" / "of another layout.json").write_text("old")
    cache.forget("keys", but=["01.mean"])
    assert [path.name for path in (tmp_path / "cache" / "keys").iterdir()] == ["01.mean"]
    cache.forget("never kept", but=[])


def test_what_was_worked_out_is_worked_out_once_for_a_digest(tmp_path: Path) -> None:
    """Plain data comes back equal; another digest, another name, or damage, and it is worked out again."""
    cache, calls = Cache(tmp_path), []

    def make() -> dict[str, Any]:
        calls.append(1)
        return {"lines": ["é", None, 1.5]}

    for digest, name, expected in [(A, "x", 1), (A, "x", 1), (A, "y", 2), (B, "x", 3), (B, "x", 3)]:
        assert cache.once("facts", name, digest, make) == {"lines": ["é", None, 1.5]}
        assert len(calls) == expected
    (tmp_path / "cache" / "facts" / "x" / B).write_bytes(b"damaged")
    assert cache.once("facts", "x", B, make) == {"lines": ["é", None, 1.5]}
    assert len(calls) == 4


def test_a_product_holds_while_its_files_do(tmp_path: Path) -> None:
    """Other inputs, a changed output or a missing one: it has to be made again. What was noted comes back."""
    cache = Cache(tmp_path)
    (tmp_path / "one").write_text("1")
    (tmp_path / "two").write_text("2")
    cache.made("both", A, ["one", "two"], seconds=1.5)
    assert cache.facts("both", A) == {"seconds": 1.5}
    assert not cache.is_made("both", B)
    assert not cache.is_made("other", A)
    (tmp_path / "two").write_text("3")
    assert not cache.is_made("both", A)
    (tmp_path / "two").write_text("2")
    assert cache.is_made("both", A)
    (tmp_path / "one").unlink()
    assert cache.facts("both", A) is None


def test_trees_are_made_once_and_mended(tmp_path: Path) -> None:
    """A tree is made again only where a file of it is damaged or gone; the newest stay; nothing is left of a failure."""
    cache, made = Cache(tmp_path), []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "deep").mkdir()
        (folder / "deep" / "file").write_text("content")

    def fail(folder: Path) -> None:
        make(folder)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        cache.tree("site", "a", fail, most=2)
    first = cache.tree("site", "a", make, most=2)
    assert (first / "deep" / "file").read_text() == "content"
    assert cache.tree("site", "a", make, most=2) == first
    assert len(made) == 2
    (first / "deep" / "file").write_text("damaged")
    assert (cache.tree("site", "a", make, most=2) / "deep" / "file").read_text() == "content"
    assert len(made) == 3
    for name in ("b", "c"):
        cache.tree("site", name, make, most=2)
    assert sorted(path.name for path in first.parent.iterdir()) == ["b", "c"]
    assert sorted(path.name for path in (tmp_path / "cache" / "made").iterdir()) == ["site b", "site c"]


def test_what_a_killed_writer_left_is_removed_in_time(tmp_path: Path) -> None:
    """An unfinished file is left alone while its writer may live, and goes with the next content of its name."""
    import os

    cache = Cache(tmp_path)
    cache.keep("keys", "name", A, "old")
    folder = tmp_path / "cache" / "keys" / "name"
    for name, age in ((".fresh.x.part", 10.0), (".stale.x.part", 7200.0)):
        (folder / name).write_text("half")
        stamp = (folder / name).stat().st_mtime - age
        os.utime(folder / name, (stamp, stamp))
    assert [path.name for path in folder.iterdir() if is_abandoned(path)] == [".stale.x.part"]
    cache.keep("keys", "name", B, "new")
    assert sorted(path.name for path in folder.iterdir()) == [".fresh.x.part", B]
