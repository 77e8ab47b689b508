"""How many input pixels one output pixel of a stack of layers sees."""

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=12,
    move_on=20,
    core=True,
    hints=(
        "Two quantities travel through the stack: how much one output pixel sees, and how far apart, in input pixels, two "
        "neighbouring outputs are. Before the first layer both are 1.",
        "A kernel of k taps with dilation d reaches d·(k - 1) steps of its own input beyond the first tap. How long is one "
        "such step in input pixels? Not yet longer by this layer's own stride.",
    ),
)


@exercise.cases
def cases():
    yield Case([]).named("no layer at all")
    yield Case([(3, 1, 1)]).named("one 3x3 layer")
    yield Case([(3, 1, 1), (3, 1, 1), (3, 1, 1)]).named("three 3x3 layers")
    yield Case([(2, 2, 1), (3, 1, 1)]).named("a 2x2 pooling with stride 2, then a 3x3 layer")
    yield Case([(3, 1, 1), (3, 1, 2), (3, 1, 4)]).named("three 3x3 layers with dilations 1, 2, 4")
    yield Case([(5, 1, 1), (2, 2, 1), (5, 1, 1), (2, 2, 1)]).named("LeNet-5 up to its second pooling")
    yield Case([(7, 2, 1), (3, 2, 1), (3, 1, 2), (4, 3, 3), (1, 2, 1)]).named("a stack of five unlike layers")


@exercise.mistake(
    "You multiply the jump by a layer's stride before you use it for the same layer. The taps of a layer stand on its "
    "input, whose spacing is the jump before this layer; its own stride only spaces its outputs."
)
def jump_too_early(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        jump *= stride
        size += dilation * (kernel - 1) * jump
    return size, jump


@exercise.mistake(
    "You leave the strides out of the size: behind a layer with stride 2, one step between neighbouring taps is two "
    "steps in the input. Multiply each layer's reach by the product of the strides before it."
)
def strides_left_out(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1)
        jump *= stride
    return size, jump


@exercise.mistake("You leave the dilation out: with dilation d a kernel of k taps reaches d·(k - 1) steps, not k - 1.")
def dilation_left_out(layers):
    size, jump = 1, 1
    for kernel, stride, _dilation in layers:
        size += (kernel - 1) * jump
        jump *= stride
    return size, jump


@exercise.mistake(
    "Each layer adds k of its steps in your count. A kernel of k taps reaches k - 1 steps beyond its first tap, and that "
    "first tap was counted already: two 3x3 layers see 5 pixels, not 7."
)
def full_kernel_added(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += dilation * kernel * jump
        jump *= stride
    return size, jump


@exercise.mistake(
    "Your size starts at 0. Before any layer an output pixel is an input pixel and sees itself: start at 1."
)
def starts_at_zero(layers):
    size, jump = 0, 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return size, jump


@exercise.mistake(
    "You multiply the kernel sizes. Neighbouring windows overlap, so what is seen grows by addition: two 3x3 layers see "
    "5 pixels, not 9."
)
def kernels_multiplied(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size *= dilation * (kernel - 1) + 1
        jump *= stride
    return size, jump


@exercise.mistake(
    "Your jump is the sum of the strides. A step of layer 2 is s₂ steps of layer 1, and each of those is s₁ pixels: strides multiply."
)
def strides_added(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        jump += stride
    return size, jump


@exercise.mistake("You exchanged stride and dilation: each triple is (kernel, stride, dilation), in this order.")
def stride_and_dilation_exchanged(layers):
    size, jump = 1, 1
    for kernel, dilation, stride in layers:
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return size, jump


@exercise.mistake(
    "Your jump is the stride of the last layer alone. Neighbouring outputs are as far apart as the product of all strides below them."
)
def stride_of_the_last_layer(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        jump = stride
    return size, jump


@exercise.mistake(
    "You take d·k - 1 for the reach of a dilated kernel. Between k taps there are k - 1 steps, each of length d: d·(k - 1)."
)
def dilated_kernel_minus_one(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += (dilation * kernel - 1) * jump
        jump *= stride
    return size, jump


@exercise.mistake(
    "Dilation enters your jump. It spreads the taps of one layer, and so the size; the outputs of that layer stay as far apart as its stride says."
)
def dilation_in_the_jump(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        jump *= stride * dilation
    return size, jump


@exercise.mistake(
    "You return the size alone. The text asks for the pair (r, j), size and jump: who stacks another layer on top needs both."
)
def size_alone(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return size


@exercise.alternative
def from_the_output_back(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in reversed(layers):
        size = (size - 1) * stride + dilation * (kernel - 1) + 1
        jump = jump * stride
    return size, jump


@exercise.alternative
def by_marking_pixels(layers):
    seen = {0}
    for kernel, stride, dilation in layers[::-1]:
        seen = {place * stride + tap * dilation for place in seen for tap in range(kernel)}
    second = 1
    for _, stride, _ in layers:
        second *= stride
    return max(seen) - min(seen) + 1, second
