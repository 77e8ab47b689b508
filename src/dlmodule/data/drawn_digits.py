"""`glyphs`: an MNIST-shaped set that needs no download, drawn from the fonts matplotlib ships.

How an image is made. The outline of a digit in one of the fonts is turned, once, into a signed distance field
(distance to the outline, positive inside). Sampling that field on a warped grid draws the digit: the warp
(rotation, shear, scale and shift, plus a smooth elastic field as in Simard et al. 2003) gives the hand's
variety, a constant added to the distance makes the pen bold or thin, and the division by a softness blurs the
edge. Then the ink is made uneven, a stray stroke may be added, contrast varies, and noise is added.

* Images come in chunks of 1,000, each from its own `numpy` seed sequence (version, split, chunk): a smaller
  set is a prefix of a larger one, and train and test never share a draw.
* Outlines are read from the font files and filled here, so the picture does not depend on a font rasteriser's
  version.
* Distances, warps and noise are float32, the stored image is uint8: another processor may round a rare pixel
  by one level.
"""

from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from dlmodule.data.cache import keep, recall
from dlmodule.data.images import DIGITS, as_images, checked_split
from dlmodule.data.labelled import Labelled
from dlmodule.errors import DLModuleError

VERSION = 1
SIZES = {"train": 60_000, "test": 10_000}
CHUNK = 1_000
SIDE = 28
FIELD = 64  # side of a distance field, in its own pixels
FILL = 4  # a field is measured on a grid this many times finer
CAP = 0.68  # height of a digit as a part of its field's side
FONTS = (
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique",
    "DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique",
    "DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic", "DejaVuSerif-BoldItalic",
    "STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "STIXGeneralBolIta",
    "cmr10", "cmb10", "cmss10", "cmtt10", "cmti10",
)  # fmt: skip


def glyphs(split: str = "train", count: int | None = None) -> Labelled:
    """Distorted printed digits, x (N, 1, 28, 28) float32 in [0, 1], the ten classes equally often in every
    1,000.

    ``count``: only the first so many (default all 60,000 or 10,000). Drawn on first use, then kept in the
    cache.
    """
    full = SIZES[checked_split(split, "glyphs")]
    wanted = full if count is None else count
    if not 0 < wanted <= full:
        raise DLModuleError(f"glyphs {split} has 1 to {full} images, not {wanted}")
    chunks = -(-wanted // CHUNK)
    name = f"glyphs-{VERSION}-{split}.safetensors"
    kept = recall(name)
    if kept is None or len(kept["y"]) < wanted:
        drawn = [draw_chunk(split, chunk) for chunk in range(chunks)]
        kept = {"x": torch.cat([x for x, _ in drawn]), "y": torch.cat([y for _, y in drawn])}
        keep(name, kept)
    return Labelled(as_images(kept["x"][:wanted]), kept["y"][:wanted], DIGITS, "glyphs")


def draw_chunk(split: str, chunk: int) -> tuple[Tensor, Tensor]:
    """Chunk number ``chunk`` of a split: x (1000, 28, 28) uint8 and y (1000,) int64."""
    rng = np.random.default_rng(np.random.SeedSequence([VERSION, list(SIZES).index(split), chunk]))
    y = rng.permutation(np.arange(CHUNK) % len(DIGITS))
    fields = distance_fields()[rng.integers(len(FONTS), size=CHUNK), y]

    uniform = partial(_uniform, rng)
    grid = _warped_grid(rng)
    distance = F.grid_sample(fields.unsqueeze(1), grid, padding_mode="border", align_corners=False).squeeze(1)
    weight, softness = uniform(-0.3, 1.1, 1, 1), uniform(0.7, 1.3, 1, 1)
    ink = (0.5 + (distance + weight) / (2 * softness)).clamp_(0, 1)
    ink *= uniform(0.65, 1.0, 1, 1)
    # Uneven inking and a stray stroke: what makes the picture more than a clean font under a warp.
    blotch = F.interpolate(uniform(0.55, 1.3, 1, 5, 5), (SIDE, SIDE), mode="bicubic", align_corners=True).squeeze(1)
    ink = torch.maximum(ink * blotch.clamp(0.0, 1.0), _stray_strokes(rng))
    noise = torch.from_numpy(rng.standard_normal((CHUNK, SIDE, SIDE), dtype=np.float32))
    ink += noise * uniform(0.01, 0.09, 1, 1)
    return ink.clamp_(0, 1).mul_(255).round_().to(torch.uint8), torch.from_numpy(y.astype(np.int64))


def _uniform(rng: np.random.Generator, low: float, high: float, *shape: int) -> Tensor:
    """One draw (or a ``shape`` of them) for each image of a chunk."""
    return torch.from_numpy(rng.uniform(low, high, size=(CHUNK, *shape)).astype(np.float32))


def _warped_grid(rng: np.random.Generator) -> Tensor:
    """Where each pixel looks in its distance field, (1000, 28, 28, 2), in -1..1 across the field."""
    uniform = partial(_uniform, rng)
    angle, shear = uniform(-0.3, 0.3), uniform(-0.3, 0.3)
    width, height = uniform(0.8, 1.25), uniform(0.85, 1.2)
    cos, sin = torch.cos(angle), torch.sin(angle)
    # Pixel to field: undo the rotation, then the shear, then the scale.
    rows = torch.stack((torch.stack((cos + shear * sin, shear * cos - sin), 1) * width[:, None],
                        torch.stack((sin, cos), 1) * height[:, None]), 1)  # fmt: skip
    theta = torch.cat((rows, uniform(-0.12, 0.12, 2, 1)), 2)
    grid = F.affine_grid(theta, [CHUNK, 1, SIDE, SIDE], align_corners=False)
    bends = torch.from_numpy(rng.standard_normal((CHUNK, 2, 6, 6), dtype=np.float32)) * uniform(0.02, 0.085, 1, 1, 1)
    return grid + F.interpolate(bends, (SIDE, SIDE), mode="bicubic", align_corners=True).permute(0, 2, 3, 1)


def _stray_strokes(rng: np.random.Generator) -> Tensor:
    """A short straight scratch on about a third of the images, (1000, 28, 28) in [0, 1]."""
    uniform = partial(_uniform, rng)
    ahead = torch.arange(SIDE, dtype=torch.float32)
    down, across = torch.meshgrid(ahead, ahead, indexing="ij")
    row, column, angle = uniform(0, SIDE, 1, 1), uniform(0, SIDE, 1, 1), uniform(0, 3.14159, 1, 1)
    along = (down - row) * torch.sin(angle) + (across - column) * torch.cos(angle)
    beside = (across - column) * torch.sin(angle) - (down - row) * torch.cos(angle)
    beyond = (along.abs() - uniform(2, 7, 1, 1)).clamp(min=0)
    strength = uniform(0.3, 0.9, 1, 1) * (uniform(0, 1, 1, 1) < 0.35)
    return (1.2 - (beside.square() + beyond.square()).sqrt()).clamp(0, 1) * strength


@cache
def distance_fields() -> Tensor:
    """Signed distance, in pixels of the 28-pixel image, to each digit's outline: (fonts, 10, 64, 64)
    float32, positive inside.
    """
    from scipy.ndimage import distance_transform_edt

    kept = recall(name := f"glyph-fields-{VERSION}.safetensors")
    if kept is not None:
        return kept["fields"]
    fields = np.empty((len(FONTS), len(DIGITS), FIELD, FIELD), dtype=np.float32)
    for font, digit in np.ndindex(len(FONTS), len(DIGITS)):
        inside = _filled(FONTS[font], DIGITS[digit])
        distance = distance_transform_edt(inside) - distance_transform_edt(~inside)
        smooth = distance.reshape(FIELD, FILL, FIELD, FILL).mean((1, 3))
        fields[font, digit] = smooth * (SIDE / (FIELD * FILL))
    result = torch.from_numpy(fields)
    keep(name, {"fields": result})
    return result


def _filled(font: str, character: str) -> NDArray[np.bool_]:
    """The character filled by the non-zero winding rule, centred on a (FIELD * FILL)-square grid."""
    import matplotlib
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    file = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{font}.ttf"
    polygons = TextPath((0, 0), character, size=100, prop=FontProperties(fname=str(file))).to_polygons()
    points = np.concatenate(polygons)
    low, high = points.min(0), points.max(0)
    side = FIELD * FILL
    scale = CAP * side / (high[1] - low[1])
    winding = np.zeros((side, side + 1), dtype=np.int32)
    for polygon in polygons:
        placed = (polygon - (low + high) / 2) * (scale, -scale) + side / 2
        (x0, y0), (x1, y1) = placed[:-1].T[:, :, None], placed[1:].T[:, :, None]
        centre = np.arange(side) + 0.5
        crosses = (y0 <= centre) != (y1 <= centre)  # (edges, rows)
        edge, row = np.nonzero(crosses)
        step = (centre[row] - y0[edge, 0]) / (y1[edge, 0] - y0[edge, 0])
        column = np.ceil(x0[edge, 0] + step * (x1[edge, 0] - x0[edge, 0]) - 0.5).astype(int).clip(0, side)
        np.add.at(winding, (row, column), np.where(y1[edge, 0] > y0[edge, 0], 1, -1))
    return np.asarray(winding.cumsum(1)[:, :side] != 0)
