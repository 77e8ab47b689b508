"""Running text and word lists: CPython's own reference for character models, and the well-known text sets.

`python_reference` is built in. Tiny Shakespeare and the names of makemore are downloaded from their authors'
repositories; the sentence sets have no official address with a known digest and are found through
``DLMODULE_DATA`` alone.
"""

import gzip
import json
import zlib
from collections.abc import Container
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dlmodule.data.fetch import RemoteFile, locate
from dlmodule.data.images import checked_split
from dlmodule.data.labelled import Texts, stratified_parts
from dlmodule.errors import DLModuleError

SHAKESPEARE = RemoteFile(
    "tinyshakespeare",
    "input.txt",
    "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    ("https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",),
)
NAMES = RemoteFile(
    "names",
    "names.txt",
    "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d",
    ("https://raw.githubusercontent.com/karpathy/makemore/master/names.txt",),
)
GPT2_ADDRESS = "https://openaipublic.blob.core.windows.net/gpt-2/encodings/main/"
GPT2_VOCABULARY = RemoteFile(
    "gpt2-bpe",
    "encoder.json",
    "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783",
    (GPT2_ADDRESS + "encoder.json",),
)
GPT2_MERGES = RemoteFile(
    "gpt2-bpe",
    "vocab.bpe",
    "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
    (GPT2_ADDRESS + "vocab.bpe",),
)
SENTIMENTS = ("negative", "positive")
LANGUAGES = ("en", "de", "fr")


def python_reference() -> str:
    """The language reference that ships inside CPython (what ``help("if")`` prints), about 460,000
    characters, topic after topic.

    It is part of the interpreter, so it differs a little from one Python version to the next.
    """
    from pydoc_data.topics import topics

    return "\n\n".join(text.strip() for _, text in sorted(topics.items()))


def tiny_shakespeare() -> str:
    """1,115,394 characters of Shakespeare's plays (Karpathy 2015, char-rnn).

    By custom the first 90 % is to train on.
    """
    return _read(SHAKESPEARE)


def given_names() -> tuple[str, ...]:
    """32,033 common given names in lower case letters a to z (makemore)."""
    return tuple(_read(NAMES).split())


def rt_polarity(split: str = "train") -> Texts:
    """Film-review sentences, 5,331 negative and 5,331 positive (Pang and Lee 2005);

    90 % of each class to train on.
    """
    checked_split(split, "rt_polarity")
    parts = [_lines(RemoteFile("rt-polarity", f"rt-polarity.{end}")) for end in ("neg", "pos")]
    y = torch.tensor([0] * len(parts[0]) + [1] * len(parts[1]))
    whole = Texts((*parts[0], *parts[1]), y, SENTIMENTS, "rt_polarity")
    train, test = stratified_parts(y, 0.9, seed=0)
    return whole.at(train if split == "train" else test)


def sst2(split: str = "train") -> Texts:
    """Stanford Sentiment Treebank, two classes, whole sentences (Socher et al.

    2013): 6,920 train, 872 "dev", 1,821 test.
    """
    if split not in ("train", "dev", "test"):
        raise DLModuleError(f'sst2 has the splits "train", "dev" and "test", not {split!r}')
    file = RemoteFile("sst2", f"{split}.tsv")
    rows = [line.rsplit("\t", 1) for line in _lines(file)]
    for number, row in enumerate(rows, start=1):
        if len(row) != 2 or row[1] not in ("0", "1"):
            raise DLModuleError(f"{locate(file)}, line {number}: expected a sentence, a tab, and 0 or 1")
    return Texts(tuple(row[0] for row in rows), torch.tensor([int(row[1]) for row in rows]), SENTIMENTS, "sst2")


def multi30k(split: str = "train", languages: tuple[str, str] = ("de", "en")) -> tuple[tuple[str, str], ...]:
    """Pairs of picture captions that translate each other (Elliott et al.

    2016): "train" 29,000, "val" 1,014, "test" 1,000.
    """
    files = {"train": "train", "val": "val", "test": "test_2016_flickr"}
    if split not in files or any(language not in LANGUAGES for language in languages):
        raise DLModuleError(f"multi30k has {', '.join(files)} in {', '.join(LANGUAGES)}, not {split!r} in {languages}")
    first, second = (_lines(RemoteFile("multi30k", f"{files[split]}.{language}.gz")) for language in languages)
    if len(first) != len(second):
        raise DLModuleError(
            f"multi30k {split}: {len(first)} sentences in {languages[0]}, {len(second)} in {languages[1]}"
        )
    return tuple(zip(first, second, strict=True))


def glove(file: str, vocabulary: Container[str] | None = None) -> tuple[tuple[str, ...], Tensor]:
    """Words and their GloVe vectors (V, D) float32 from a file of GloVe's text format (Pennington et al.
    2014).

    file: "folder/name" under ``DLMODULE_DATA``, as "glove-twitter-25d/glove.twitter.27B.25d.subset11925.txt";
    vocabulary: only these words. Raises `DLModuleError` naming the line that is not a word and its numbers.
    """
    folder, _, name = file.rpartition("/")
    remote = RemoteFile(folder, name)
    words: list[str] = []
    rows: list[np.ndarray] = []
    for number, line in enumerate(_read(remote).split("\n"), start=1):
        word, _, numbers = line.partition(" ")
        if not line or (vocabulary is not None and word not in vocabulary):
            continue
        try:
            row = np.array(numbers.split(" "), dtype=np.float32)
        except ValueError as error:
            raise DLModuleError(f"{locate(remote)}, line {number}: not a word and its numbers") from error
        if rows and len(row) != len(rows[0]):
            raise DLModuleError(f"{locate(remote)}, line {number}: {len(row)} numbers where others have {len(rows[0])}")
        words.append(word)
        rows.append(row)
    if not rows:
        raise DLModuleError(f"{locate(remote)}: none of the words asked for is in it")
    return tuple(words), torch.from_numpy(np.stack(rows))


def gpt2_bpe() -> tuple[dict[str, int], tuple[tuple[str, str], ...]]:
    """GPT-2's byte-pair encoding (Radford et al.

    2019): 50,257 tokens with their numbers, and the 50,000 merges in order.
    """
    vocabulary: dict[str, int] = json.loads(_read(GPT2_VOCABULARY))
    pairs = (line.split(" ") for line in _read(GPT2_MERGES).split("\n")[1:] if line)
    return vocabulary, tuple((left, right) for left, right in pairs)


def _lines(file: RemoteFile) -> tuple[str, ...]:
    """Lines without their ends;

    ``\\n`` alone ends a line, so that odd Unicode separators inside a sentence stay there.
    """
    return tuple(line.strip() for line in _read(file).rstrip("\n").split("\n"))


def _read(file: RemoteFile) -> str:
    path: Path = locate(file)
    try:
        content = path.read_bytes()
        return (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8")
    except (OSError, EOFError, zlib.error) as error:
        raise DLModuleError(f"{path}: cannot be read, probably damaged or cut short ({error})") from error
    except UnicodeDecodeError as error:
        raise DLModuleError(f"{path}: not UTF-8 text (byte {error.start})") from error
