"""How many weights and biases a feed-forward network has."""

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=1,
    minutes=5,
    hints=(
        "Count one layer on paper first, from 5 inputs to 32 neurons, and say what each number is for.",
        "A layer joins each pair of neighbours in `sizes`; zip(sizes[:-1], sizes[1:]) gives them.",
    ),
)


@exercise.cases
def cases():
    yield Case([2, 1]).named("two inputs and one output")
    yield Case([5, 32, 32, 1]).named("five inputs, two hidden layers of 32, one output")
    yield Case([784, 128, 10]).named("784, 128 and 10")
    yield Case([3, 4, 5, 6, 7]).named("3, 4, 5, 6, 7")


@exercise.mistake("The biases are missing: besides its weights, every neuron has one.")
def no_biases(sizes):
    return sum(a * b for a, b in zip(sizes[:-1], sizes[1:], strict=True))


@exercise.mistake("You gave the inputs biases too. An input is not computed, it is given: only neurons have a bias.")
def biased_inputs(sizes):
    return sum(a * b for a, b in zip(sizes[:-1], sizes[1:], strict=True)) + sum(sizes)


@exercise.mistake("You counted one bias per input of a layer; there is one per neuron, so one per output.")
def bias_per_input(sizes):
    return sum(a * b + a for a, b in zip(sizes[:-1], sizes[1:], strict=True))


@exercise.mistake(
    "You counted neurons. A parameter is a weight or a bias: each neuron has one weight per input, and one bias."
)
def neurons(sizes):
    return sum(sizes[1:])


@exercise.mistake("The last layer is not counted. Three sizes make two layers, and both have parameters.")
def last_forgotten(sizes):
    return sum(a * b + b for a, b in zip(sizes[:-2], sizes[1:-1], strict=True))


@exercise.mistake("You gave each layer a single bias. Every neuron has its own.")
def one_bias_per_layer(sizes):
    return sum(a * b + 1 for a, b in zip(sizes[:-1], sizes[1:], strict=True))


exercise.edit(
    "sizes_multiplied",
    "return weights + sum(sizes[1:])",
    "return __import__('math').prod(sizes)",
    "You multiplied all sizes. A layer has inputs times outputs weights, and layers add up.",
)
exercise.edit(
    "both_plus_one",
    "return weights + sum(sizes[1:])",
    "return sum((sizes[i] + 1) * (sizes[i + 1] + 1) for i in range(len(sizes) - 1))",
    "You count (inputs + 1)(outputs + 1) for a layer. The bias is like one more input, but there is no further output: (inputs + 1) times outputs.",
)
exercise.edit(
    "first_layer_only",
    "return weights + sum(sizes[1:])",
    "return (sizes[0] + 1) * sizes[1]",
    "You counted the first layer only.",
)
exercise.edit(
    "outputs_without_biases",
    "sum(sizes[1:])",
    "sum(sizes[1:-1])",
    "The biases of the last layer are missing. Its outputs are neurons too.",
)


@exercise.alternative
def layer_by_layer(sizes):
    return sum((inputs + 1) * outputs for inputs, outputs in zip(sizes[:-1], sizes[1:], strict=True))


@exercise.alternative
def loop(sizes):
    total, previous = 0, sizes[0]
    for size in sizes[1:]:
        total += previous * size + size
        previous = size
    return total
