"""Learned weights for the lowest frequencies."""

import torch
from torch import nn

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise, waves

exercise = Exercise(
    difficulty=3,
    minutes=12,
    hints=(
        "What shape does rfft give for fields of 8 points? Which part of it do you keep?",
        "einsum over the input channels, frequency by frequency; irfft with n= the number of points fills the missing frequencies with zeros.",
    ),
)


@exercise.probe
def probe(candidate, case):
    u, outputs, modes = case.args
    layer = candidate(u.shape[1], outputs, modes)
    with torch.no_grad():
        n = torch.arange(layer.weight.numel()).reshape(layer.weight.shape).double()
        layer.weight.data = torch.complex(torch.sin(0.7 * n + 1), torch.cos(1.3 * n))
    u = u.clone().requires_grad_()
    v = layer(u)
    v.square().sum().backward()
    return {"field": v.detach(), "gradient": u.grad, "weights": torch.view_as_real(layer.weight.grad)}


@exercise.cases
def cases():
    yield Case(waves(1, 1, 4), 1, 2).named("one field of four points, two frequencies")
    yield Case(noise(3, 2, 8), 4, 3).named("three fields of eight points, two channels in and four out")
    yield Case(noise(2, 3, 9, seed=1), 3, 4).named("an odd number of points")
    yield Case(noise(2, 2, 6, seed=2), 2, 4).named("all frequencies of six points")


exercise.edit(
    "all_frequencies_shifted", "torch.fft.rfft(u)[:, :, : self.modes]", "torch.fft.rfft(u)[:, :, -self.modes :]",
    "You kept the highest frequencies. The lowest stand first.",
)  # fmt: skip
exercise.edit(
    "along_the_channels", "torch.fft.rfft(u)[:, :, : self.modes]", "torch.fft.fft(u, dim=1)[:, :, : self.modes]",
    "You transformed over the channels. The points stand on the last axis.",
)  # fmt: skip
exercise.edit(
    "real_part_only", "torch.einsum(\"nik,iok->nok\", low, self.weight)", "torch.einsum(\"nik,iok->nok\", low, self.weight.real + 0j)",
    "The imaginary part of the weights has no effect: without it no wave can be shifted.",
)  # fmt: skip
exercise.edit(
    "conjugated", "low, self.weight)", "low, self.weight.conj())",
    "Your weights are conjugated: waves would be shifted the wrong way.",
)  # fmt: skip
exercise.edit(
    "one_weight_for_all_frequencies", "low, self.weight)", "low, self.weight[:, :, :1].expand(-1, -1, self.modes))",
    "All frequencies share one weight. Each has its own.",
)  # fmt: skip


class Weights(nn.Module):
    def __init__(self, channels_in, channels_out, modes):
        super().__init__()
        self.modes = modes
        self.weight = nn.Parameter(torch.randn(channels_in, channels_out, modes, dtype=torch.cfloat))


exercise.edit(
    "points_forgotten", "irfft(mixed, n=points)", "irfft(mixed)",
    "The output has fewer points than the input: tell irfft how many, n=points.",
)  # fmt: skip
exercise.edit(
    "points_made_even", "n=points", "n=2 * (points // 2)",
    "With an odd number of points the output has one too few: n=points, whatever it is.",
)  # fmt: skip
exercise.edit(
    "first_frequency_skipped", "torch.fft.rfft(u)[:, :, : self.modes]", "nn.functional.pad(torch.fft.rfft(u)[:, :, 1 : self.modes + 1], (0, self.modes))[:, :, : self.modes]",
    "You skip frequency 0, the mean of the field. The lowest `modes` frequencies begin with it.",
)  # fmt: skip
exercise.edit(
    "skip_connection", "return torch.fft.irfft(mixed, n=points)", "return u.mean(1, keepdim=True) + torch.fft.irfft(mixed, n=points)",
    "The input is added to the output. The layer is the spectral part alone.",
)  # fmt: skip


@exercise.mistake(
    "You used the full transform, in which each frequency stands twice. A real field has the half in rfft; irfft puts the other half in by itself."
)
class FullTransform(nn.Module):
    def __init__(self, channels_in, channels_out, modes):
        super().__init__()
        self.modes = modes
        self.weight = nn.Parameter(torch.randn(channels_in, channels_out, modes, dtype=torch.cfloat))

    def forward(self, u):
        low = torch.fft.fft(u)[:, :, : self.modes]
        return torch.fft.ifft(torch.einsum("nik,iok->nok", low, self.weight), n=u.shape[2]).real


@exercise.alternative
class WithZeros(Weights):
    def forward(self, u):
        spectrum = torch.fft.rfft(u, dim=-1)
        out = torch.zeros(len(u), self.weight.shape[1], spectrum.shape[-1], dtype=spectrum.dtype)
        out[..., : self.modes] = torch.einsum("nik,iok->nok", spectrum[..., : self.modes], self.weight)
        return torch.fft.irfft(out, n=u.shape[-1], dim=-1)


@exercise.alternative
class ByBroadcasting(Weights):
    def forward(self, u):
        low = torch.fft.rfft(u, norm="forward")[..., : self.modes]
        mixed = (low[:, :, None] * self.weight[None]).sum(1)
        return torch.fft.irfft(mixed, n=u.shape[-1], norm="forward")
