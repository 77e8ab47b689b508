"""A whole image classifier out of five ConvBlocks, an average and one linear layer."""

from torch import nn

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=3,
    minutes=15,
    move_on=25,
    core=True,
    hints=(
        "Write the table of layers from top to bottom into one nn.Sequential of ConvBlocks; only the strides differ from the default.",
        "After the last block the shape is (N, 4 * width, H', W'): average over H' and W' and a linear layer from 4 * width to the "
        "number of classes is all that is left.",
    ),
    probe=probes.module(),
)


@exercise.cases
def cases():
    yield Case(waves(2, 1, 8, 8, step=1.3)).built(width=2).named("8x8 images, a width of 2")
    yield (
        Case(waves(2, 3, 12, 9, step=1.3))
        .built(3, 4, 2)
        .named("three channels, four classes, images that are not square")
    )
    yield Case(waves(1, 1, 28, 28, step=1.3)).built(1, 10, 4).named("one 28x28 image")
    yield Case(waves(1, 1, 9, 9, step=1.3)).built().named("the defaults: one channel, ten classes, a width of 32")


exercise.edit(
    "softmax_at_the_end",
    "return self.head(x.mean((2, 3)))",
    "return self.head(x.mean((2, 3))).softmax(1)",
    "You return probabilities. F.cross_entropy takes logits and applies the softmax itself; a second one flattens the loss and starves "
    "the gradient.",
)
exercise.edit(
    "maximum_not_mean",
    "x.mean((2, 3))",
    "x.amax((2, 3))",
    "You kept the maximum over space. The table asks for the average: it passes a gradient to every place, and it does not follow one "
    "noisy pixel.",
)
exercise.edit(
    "summed_not_mean",
    "x.mean((2, 3))",
    "x.sum((2, 3))",
    "You summed over space. A sum grows with the size of the image, so a network trained on 28x28 would see larger features on a "
    "whole section; the average does not.",
)


@exercise.mistake(
    "You flattened the last feature map into the linear layer. That ties the network to one image size and multiplies the head's "
    "parameters; average over H and W first."
)
class flattened(nn.Module):
    def __init__(self, in_channels=1, classes=10, width=32):
        super().__init__()
        w = width
        self.features = nn.Sequential(
            ConvBlock(in_channels, w, stride=2),
            ConvBlock(w, w),
            ConvBlock(w, 2 * w, stride=2),
            ConvBlock(2 * w, 2 * w),
            ConvBlock(2 * w, 4 * w, stride=2),
        )
        self.head = nn.Linear(4 * w * 4 * 4, classes)  # right for 28 x 28 only

    def forward(self, x):
        return self.head(self.features(x).flatten(1))


@exercise.mistake(
    "You rectified the logits. A ReLU after the last layer makes every negative logit zero, so the network cannot say 'surely not'."
)
class relu_on_logits(nn.Module):
    def __init__(self, in_channels=1, classes=10, width=32):
        super().__init__()
        w = width
        self.features = nn.Sequential(
            ConvBlock(in_channels, w, stride=2),
            ConvBlock(w, w),
            ConvBlock(w, 2 * w, stride=2),
            ConvBlock(2 * w, 2 * w),
            ConvBlock(2 * w, 4 * w, stride=2),
        )
        self.head = nn.Linear(4 * w, classes)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3))).relu()


exercise.edit(
    "full_resolution",
    "ConvBlock(in_channels, width, stride=2)",
    "ConvBlock(in_channels, width)",
    "Your first block has stride 1, so every later layer works on four times the pixels. The table halves the image at once: four "
    "times faster, for a fraction of a per cent.",
)


exercise.edit(
    "no_stride",
    ", stride=2",
    "",
    "None of your blocks has a stride, so every layer works at full size: the first, third and fifth block halve height and width, with stride 2.",
    count=3,
)
exercise.edit(
    "strides_in_the_wrong_blocks",
    ("(in_channels, width, stride=2)", "(width, width)", "(width, 2 * width, stride=2)", "(2 * width, 2 * width)"),
    ("(in_channels, width)", "(width, width, stride=2)", "(width, 2 * width)", "(2 * width, 2 * width, stride=2)"),
    "The strides of 2 stand in the second, fourth and fifth block. The drawing has them in the first, third and fifth: halve first, then look around.",
)
exercise.edit(
    "last_block_without_stride",
    "ConvBlock(2 * width, 4 * width, stride=2)",
    "ConvBlock(2 * width, 4 * width)",
    "Your last block has no stride. The first, third and fifth block halve height and width.",
)
exercise.edit(
    "ten_classes",
    "nn.Linear(4 * width, classes)",
    "nn.Linear(4 * width, 10)",
    "Your network always has ten outputs: `classes` is never used.",
)
exercise.edit(
    "width_never_used",
    "        super().__init__()\n",
    "        super().__init__()\n        width = 32\n",
    "Your network is always 32 channels wide: `width` is never used.",
)
exercise.edit(
    "wide_by_default",
    "width: int = 32",
    "width: int = 64",
    "Your default for `width` is 64. It is 32.",
)
exercise.edit(
    "four_blocks",
    "            ConvBlock(2 * width, 2 * width),\n",
    "",
    "Your network has four blocks: the fourth of the drawing, from 2w to 2w channels without a stride, is missing.",
)
exercise.edit(
    "never_four_times_as_wide",
    "4 * width",
    "2 * width",
    "Your last block has 2w channels. It goes from 2w to 4w: where the image is halved the channels are doubled.",
    count=2,
)
exercise.edit(
    "hidden_layer_in_the_head",
    "nn.Linear(4 * width, classes)",
    "nn.Sequential(nn.Linear(4 * width, 4 * width), nn.ReLU(), nn.Linear(4 * width, classes))",
    "Your head has a hidden layer. One linear layer after the pooling is all there is.",
)


@exercise.alternative
class one_sequential(nn.Sequential):
    def __init__(self, in_channels=1, classes=10, width=32):
        w = width
        super().__init__(
            ConvBlock(in_channels, w, stride=2),
            ConvBlock(w, w),
            ConvBlock(w, 2 * w, stride=2),
            ConvBlock(2 * w, 2 * w),
            ConvBlock(2 * w, 4 * w, stride=2),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(4 * w, classes),
        )


@exercise.alternative
class in_a_loop(nn.Module):
    def __init__(self, in_channels=1, classes=10, width=32):
        super().__init__()
        outputs, strides = (width, width, 2 * width, 2 * width, 4 * width), (2, 1, 2, 1, 2)
        self.blocks = nn.ModuleList()
        for out_channels, stride in zip(outputs, strides, strict=True):
            self.blocks.append(ConvBlock(in_channels, out_channels, stride=stride))
            in_channels = out_channels
        self.classify = nn.Linear(in_channels, classes)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.classify(x.flatten(2).mean(2))
