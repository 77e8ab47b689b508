"""Texts: read whole from small files in the official formats, refused by name and line where they are not."""

import gzip
import json
from pathlib import Path

import pytest
import torch

from dlmodule.data import glove, gpt2_bpe, multi30k, python_reference, rt_polarity, sst2, texts, tiny_shakespeare
from dlmodule.data.fetch import RemoteFile
from dlmodule.errors import DLModuleError


@pytest.fixture
def at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts a file under DLMODULE_DATA."""
    monkeypatch.setenv("DLMODULE_DATA", str(tmp_path))

    def put(name: str, content: bytes | str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return put


def test_python_reference():
    """CPython's reference is there without a file: some hundred thousand characters that speak of Python."""
    text = python_reference()
    assert len(text) > 200_000 and '"while"' in text and text == python_reference()


def test_changed_shakespeare(at_hand):
    """A text with a known digest is not read when it differs."""
    path = at_hand("tinyshakespeare/input.txt", "First Citizen: something else")
    with pytest.raises(DLModuleError) as caught:
        tiny_shakespeare()
    assert str(path) in str(caught.value)


def test_rt_polarity(at_hand):
    """Lines of two files become two classes; nine tenths of each train, and the rest tests."""
    at_hand("rt-polarity/rt-polarity.neg", "".join(f"bad {i} . \n" for i in range(20)))
    at_hand("rt-polarity/rt-polarity.pos", "".join(f"good {i} . \n" for i in range(20)))
    train, test = rt_polarity("train"), rt_polarity("test")
    assert len(train) == 36 and len(test) == 4 and not {*train.texts} & {*test.texts}
    assert all(text.startswith("good" if label else "bad") for text, label in (*train, *test))


def test_sst2(at_hand):
    """Sentence, tab, label; a line of another form is named with its number."""
    at_hand("sst2/dev.tsv", "a fine film\t1\nnot one moment\t0\n")
    assert list(sst2("dev")) == [("a fine film", 1), ("not one moment", 0)]
    path = at_hand("sst2/test.tsv", "a fine film\t1\nno label\n")
    with pytest.raises(DLModuleError, match="line 2") as caught:
        sst2("test")
    assert str(path) in str(caught.value)
    with pytest.raises(DLModuleError, match='"dev"'):
        sst2("validation")


def test_multi30k(at_hand):
    """Two languages pair line by line; a file that lost a line is noticed, and so is a cut gzip."""
    at_hand("multi30k/val.de.gz", gzip.compress("Ein Hund.\nZwei Männer.\n".encode()))
    at_hand("multi30k/val.en.gz", gzip.compress(b"A dog.\nTwo men.\n"))
    assert multi30k("val") == (("Ein Hund.", "A dog."), ("Zwei Männer.", "Two men."))
    assert multi30k("val", ("en", "de"))[0] == ("A dog.", "Ein Hund.")
    at_hand("multi30k/val.en.gz", gzip.compress(b"A dog.\n"))
    with pytest.raises(DLModuleError, match="2 sentences in de, 1 in en"):
        multi30k("val")
    at_hand("multi30k/val.en.gz", gzip.compress(b"A dog.\nTwo men.\n")[:-9])
    with pytest.raises(DLModuleError, match=r"val\.en\.gz"):
        multi30k("val")
    with pytest.raises(DLModuleError, match="en, de, fr"):
        multi30k("val", ("en", "nl"))


def test_glove(at_hand):
    """Words and vectors in the file's order, or only those asked for; a broken line is named."""
    at_hand("vectors/small.txt", "rock 1 2 3\n. 0.5 -1 1e-2\nsand 4 5 6\n")
    words, vectors = glove("vectors/small.txt")
    assert words == ("rock", ".", "sand") and vectors.shape == (3, 3)
    assert glove("vectors/small.txt", {"sand", "clay"})[0] == ("sand",)
    assert torch.equal(glove("vectors/small.txt", {"sand"})[1], torch.tensor([[4.0, 5, 6]]))
    for line in ("clay 1 2", "clay one 2 3"):
        at_hand("vectors/broken.txt", f"rock 1 2 3\n{line}\n")
        with pytest.raises(DLModuleError, match=r"broken\.txt, line 2"):
            glove("vectors/broken.txt")
    with pytest.raises(DLModuleError, match="none of the words"):
        glove("vectors/small.txt", {"clay"})


def test_gpt2_bpe(at_hand, monkeypatch):
    """Tokens and merges are read as GPT-2 wrote them: a comment line, then pairs."""
    at_hand("gpt2-bpe/encoder.json", json.dumps({"a": 0, "b": 1, "ab": 2}))
    at_hand("gpt2-bpe/vocab.bpe", "#version: 0.2\na b\nĠ t\n")
    monkeypatch.setattr(texts, "GPT2_VOCABULARY", RemoteFile("gpt2-bpe", "encoder.json"))
    monkeypatch.setattr(texts, "GPT2_MERGES", RemoteFile("gpt2-bpe", "vocab.bpe"))
    assert gpt2_bpe() == ({"a": 0, "b": 1, "ab": 2}, (("a", "b"), ("Ġ", "t")))


def test_text_that_is_not_utf8(at_hand):
    """Bytes that are no text are refused by name."""
    at_hand("sst2/dev.tsv", b"caf\xe9\t1\n")
    with pytest.raises(DLModuleError, match=r"dev\.tsv: not UTF-8 text \(byte 3\)"):
        sst2("dev")
