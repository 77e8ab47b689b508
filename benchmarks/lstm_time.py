"""How fast the LSTM of day 10 is beside a loop over gates and beside ``nn.LSTM``.

    python benchmarks/lstm_time.py

Claim: the model solution (one product for all inputs, one a step for all gates) takes at most 1/1.8 of the time of a loop with one
product a gate, forward and backward, at 32 sequences of 100 steps with 64 features. ``nn.LSTM``'s own time stands beside it. The three
share their weights, and take turns, so that a busy moment meets all of them; each time is the best of 15. Exit code 1 where the claim does
not hold.
"""

import platform
import sys
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from coursekit.exercises.loading import load_whole
from coursekit.project import Project
from dlmodule.device import describe

ROOT = Path(__file__).parents[1]
CLAIM, REPEATS = 1.8, 15
N, T, D, H = 32, 100, 64, 64


class PerGate(nn.LSTM):
    """The layer as the formula reads: eight products a step."""

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:  # type: ignore[override]
        """x: (N, T, D); returns (N, T, H) and the last (h, c), (N, H) each."""
        h = c = x.new_zeros(len(x), self.hidden_size)
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        gates = [getattr(self, name).chunk(4) for name in names]
        states = []
        for t in range(x.shape[1]):
            i, f, g, o = (x[:, t] @ w.T + p + h @ v.T + q for w, v, p, q in zip(*gates, strict=True))
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            states.append(h)
        return torch.stack(states, dim=1), (h, c)


def seconds(model: nn.Module, x: Tensor) -> float:
    """The time of one forward and backward pass."""
    start = time.perf_counter()
    model(x)[0].sum().backward()
    return time.perf_counter() - start


def main() -> int:
    """Measure the three, print one line each; 1 where the claim does not hold."""
    reference = nn.LSTM(D, H, batch_first=True)
    models = {
        "per gate": PerGate(D, H, batch_first=True),
        "solution": load_whole(Project(ROOT), "10_rnns", "LSTM").solution(D, H),
        "nn.LSTM": reference,
    }
    for model in models.values():
        model.load_state_dict(reference.state_dict())
    x = torch.randn(N, T, D)
    apart = (models["solution"](x)[0] - reference(x)[0]).abs().max().item()
    rounds = [{name: seconds(model, x) for name, model in models.items()} for _ in range(REPEATS)]
    best = {name: min(took[name] for took in rounds) for name in models}
    print(
        f"{describe()['hardware']}, torch {torch.__version__}, Python {platform.python_version()}; {N=} {T=} {D=} {H=}"
    )
    print(f"largest difference from nn.LSTM {apart:.1e}")
    for name, took in best.items():
        print(f"{name:9} {1000 * took:6.1f} ms, {best['per gate'] / took:.2f} times as fast as per gate")
    return int(best["per gate"] / best["solution"] < CLAIM or apart > 1e-5)


if __name__ == "__main__":
    sys.exit(main())
