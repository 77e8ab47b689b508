"""How the frozen classifiers were made: ``python -m dlmodule.measure.recipe NAME FOLDER``.

Another machine rounds otherwise and gives other weights: a new file is a new version of the score. The digest that is printed
belongs into ``classifier.DIGESTS``.
"""

import hashlib
import sys
from pathlib import Path

import torch
from safetensors.torch import save

from dlmodule import data
from dlmodule.measure.classifier import Classifier
from dlmodule.training import evaluate, fit

EPOCHS = {"seismic_sections": 30}


def train(name: str) -> tuple[bytes, float]:
    """The file of the classifier of ``name``, and its accuracy on the test set."""
    torch.manual_seed(0)
    train_set, test_set = data.load(name), data.load(name, "test")
    model = Classifier(len(train_set.classes))
    fit(
        model,
        train_set,
        epochs=EPOCHS.get(name, 6),
        lr=1e-2,
        weight_decay=0.01,
        schedule="one_cycle",
        precision="float32",
    )
    return save(model.state_dict()), evaluate(model, test_set)


def main(name: str, folder: str) -> None:
    """Write the file of ``name`` into ``folder``; print its size, digest and accuracy."""
    content, right = train(name)
    (Path(folder) / f"{name}.safetensors").write_bytes(content)
    print(f"{name}: {len(content):,} bytes, sha256 {hashlib.sha256(content).hexdigest()}, test accuracy {right:.4f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
