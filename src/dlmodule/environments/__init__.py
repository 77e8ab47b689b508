"""Environments for reinforcement learning, batched: N copies are rows of tensors, and one ``step`` moves them all.

`CartPole` and `Pendulum` take the same steps as Gymnasium's CartPole-v1 and Pendulum-v1. `PROBES` are five tiny environments
whose right values are known, one for each thing that an agent may get wrong. `Wells` is a field of prospects with a known optimum.
"""

from dlmodule.environments.batch import Environment, Step
from dlmodule.environments.classic import CartPole, Pendulum
from dlmodule.environments.probes import PROBES, Probe
from dlmodule.environments.wells import Wells

__all__ = ["PROBES", "CartPole", "Environment", "Pendulum", "Probe", "Step", "Wells"]
