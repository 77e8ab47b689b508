"""Where to drill next: a field of prospects whose outcomes hang together, small enough for the best plan to be computed.

Each prospect of a rows x columns map holds oil or is dry. Neighbours tend to agree, so a well informs about those around it. The
prior over all 2^S maps is p(map) proportional to exp(sum of BIAS s_i + sum over neighbours of TOGETHER s_i s_j), with s = 1 for oil
and -1 for dry (an Ising model). For exploration as a sequential choice: Bickel, Smith (2006), doi:10.1287/deca.1050.0052.
Left out: what a well costs to abandon, degrees of success, time value, and how a real prior would be elicited.
"""

from __future__ import annotations

import torch
from torch import Tensor

from dlmodule.environments.batch import Environment

UNKNOWN, DRY, OIL = 0, 1, 2  # the digit of a prospect in a state; s of the model is 2 * digit - 3


class Wells(Environment):
    """Choose a prospect to drill, or stop. A well costs 1; oil is worth ``PRIZE``. To choose a prospect
    that has been drilled is to stop as well.

    Observation: for each prospect, not drilled (0), dry (-1) or oil (1). Actions: the S prospects, and last "stop".
    """

    ROWS, COLUMNS = 2, 3
    BIAS, TOGETHER, PRIZE = -0.12, 0.4, 2.6
    SITES = ROWS * COLUMNS
    features, actions = SITES, SITES + 1

    def __init__(self, count: int, *, seed: int = 0) -> None:
        self.maps, self.prior = _prior(self.ROWS, self.COLUMNS, self.BIAS, self.TOGETHER)
        super().__init__(count, seed=seed)

    def begin(self, count: int) -> Tensor:
        """States (count, 2, S): the digits that are known, and the truth, 1 for oil."""
        truth = self.maps[torch.multinomial(self.prior, count, replacement=True, generator=self.generator)]
        return torch.stack([torch.zeros_like(truth), truth], dim=1)

    def advance(self, state: Tensor, action: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        state, row = state.clone(), torch.arange(len(state))
        site = action.clamp(max=self.SITES - 1)
        drills = (action < self.SITES) & (state[row, 0, site] == UNKNOWN)
        oil = state[row, 1, site]
        reward = torch.where(drills, self.PRIZE * oil - 1.0, 0.0)
        state[row, 0, site] = torch.where(drills, oil + DRY, state[row, 0, site])
        terminated = ~drills | (state[:, 0] != UNKNOWN).all(1)
        return state, reward, terminated

    def observe(self, state: Tensor) -> Tensor:
        known = state[:, 0]
        return torch.where(known == UNKNOWN, 0.0, 2.0 * known - 3.0)

    def chances(self) -> Tensor:
        """Probability of oil at every prospect in every state of knowledge, (3^S, S); 1 or 0 where it has been drilled.

        A state's number is its digits in base 3, the first prospect first.
        """
        digits = self.digits()
        # A map agrees with a state where every drilled prospect is as found: count the disagreements by two products.
        against = (digits == OIL).float() @ (1 - self.maps).T + (digits == DRY).float() @ self.maps.T
        weight = self.prior * (against == 0)
        return (weight @ self.maps) / weight.sum(1, keepdim=True)

    def digits(self) -> Tensor:
        """The states of knowledge as digits (3^S, S)."""
        number = torch.arange(3**self.SITES)[:, None]
        return number // 3 ** torch.arange(self.SITES - 1, -1, -1) % 3

    def tables(self) -> tuple[Tensor, Tensor]:
        """The same task as a table: transition p (3^S + 1, A, 3^S + 1) and expected reward r (3^S + 1, A); the last state is the end."""
        digits, chance, sites = self.digits(), self.chances(), self.SITES
        end, state = 3**sites, torch.arange(3**sites)
        p, r = torch.zeros(end + 1, sites + 1, end + 1), torch.zeros(end + 1, sites + 1)
        p[:, sites, end] = 1
        p[end, :, end] = 1
        for site in range(sites):
            place, fresh = 3 ** (sites - 1 - site), digits[:, site] == UNKNOWN
            p[state[~fresh], site, end] = 1
            for found, share in ((DRY, 1 - chance[:, site]), (OIL, chance[:, site])):
                p[state[fresh], site, (state + found * place)[fresh]] = share[fresh]
            r[state[fresh], site] = self.PRIZE * chance[fresh, site] - 1
        full = (digits != UNKNOWN).all(1)  # nothing is left to drill: the episode has ended
        p[:, :, end] += p[:, :, :-1][:, :, full].sum(2)
        p[:, :, :-1][:, :, full] = 0
        p[:-1][full], r[:-1][full] = 0, 0
        p[:-1][full, :, end] = 1
        return p, r


def _prior(rows: int, columns: int, bias: float, together: float) -> tuple[Tensor, Tensor]:
    """All maps (2^S, S), 1 for oil, and their probabilities (2^S,)."""
    sites = rows * columns
    maps = (torch.arange(2**sites)[:, None] >> torch.arange(sites)) & 1
    spin = (2.0 * maps - 1).reshape(-1, rows, columns)
    alike = (spin[:, 1:] * spin[:, :-1]).sum((1, 2)) + (spin[:, :, 1:] * spin[:, :, :-1]).sum((1, 2))
    return maps.float(), (bias * spin.sum((1, 2)) + together * alike).softmax(0)
