"""What the errors that learners meet most often mean, said of the numbers that stand in them.

Each sentence says what the operation needs; it never claims to know why the answer came to break it.
"""

from __future__ import annotations

import re

# The type of the exception and its message, against which the pattern is searched, and what that means.
MEANINGS: tuple[tuple[str, str], ...] = (
    (
        r"mat1 and mat2 shapes cannot be multiplied \((\d+)x(\d+) and (\d+)x(\d+)\)",
        "A matrix product needs as many columns on the left, here {2}, as rows on the right, here {3}.",
    ),
    (
        r"size mismatch, got input \((\d+)\), mat \((\d+)x(\d+)\), vec \((\d+)\)",
        "A matrix times a vector needs as many numbers in the vector, here {4}, as the matrix has columns, here {3}.",
    ),
    (
        r"inconsistent tensor size, expected tensor \[(\d+)\] and src \[(\d+)\]",
        "A dot product needs two vectors of one length; here they have {1} and {2}.",
    ),
    (
        r"expected self and mat2 to be a matrix|matrices expected, got|1D tensors expected",
        "This product is not made for tensors with that many axes; `@` takes vectors, matrices and batches of them.",
    ),
    (
        r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\) at non-singleton dimension (\d+)",
        "Element by element, two sizes must be equal or one of them 1, counted from the last axis; on axis {3} they are {1} and {2}.",
    ),
    (
        r"operands could not be broadcast together|shape mismatch: objects cannot be broadcast|shapes cannot be broadcast",
        "Element by element, two sizes must be equal or one of them 1, counted from the last axis.",
    ),
    (
        r"matmul: Input operand 1 has a mismatch in its core dimension",
        "A matrix product needs as many columns on the left as rows on the right.",
    ),
    (
        r"expected m1 and m2 to have the same dtype, but got: (\S+) != (\S+)|must have the same dtype, but got (\S+),? (?:and )?(\S+)",
        "Both factors must be stored as the same type; `x.to(w.dtype)` brings one to the other.",
    ),
    (
        r"expected scalar type (\w+) but found (\w+)|Input type \((.+?)\) and (?:weight|bias) type \((.+?)\) should be the same",
        "The operation needs both tensors stored as one type; `x.to(w.dtype)` brings one to the other.",
    ),
    (
        r"Given groups=\d+, weight of size \[(\d+), (\d+), .*\], expected input\[(.*)\] to have (\d+) channels, but got (\d+)",
        "The convolution was made for {4} input channels and is given {5}.",
    ),
    (
        r"running_mean should contain (\d+) elements not (\d+)",
        "The normalisation was made for {2} channels and is given {1}.",
    ),
    (
        r"Sizes of tensors must match except in dimension (\d+)\. Expected size (\d+) but got size (\d+)",
        "Tensors that are joined along axis {1} must agree in all other sizes; here {2} meets {3}.",
    ),
    (
        r"stack expects each tensor to be equal size, but got (\[.*?\]) at entry 0 and (\[.*?\]) at entry",
        "`torch.stack` puts tensors of one shape beside each other; here {1} meets {2}.",
    ),
    (
        r"shape '\[(.*?)\]' is invalid for input of size (\d+)",
        "The new shape must hold as many numbers as the old one, here {2}.",
    ),
    (
        r"view size is not compatible with input tensor's size and stride",
        "`view` needs the numbers to lie in memory in this order, which they do not after a transpose or permute; `reshape` copies where it must.",
    ),
    (
        r"Dimension out of range \(expected to be in range of \[(-?\d+), (-?\d+)\], but got (-?\d+)\)",
        "The tensor has no axis {3}: its axes are counted from {1} to {2}.",
    ),
    (
        r"AxisError|axis (-?\d+) is out of bounds for array of dimension (\d+)",
        "The array has fewer axes than that.",
    ),
    (
        r"too many indices for (?:tensor|array)",
        "The indices are more than the tensor has axes.",
    ),
    (
        r"index (-?\d+) is out of bounds for (?:dimension|axis) (-?\d+) with size (\d+)",
        "Axis {2} has the indices 0 to size - 1, its size being {3}; {1} is none of them.",
    ),
    (
        r"IndexError: (?:tuple|list) index out of range",
        "The sequence is shorter than that: its last index is its length minus 1.",
    ),
    (
        r"element 0 of tensors does not require grad|One of the differentiated Tensors does not require grad",
        "Nothing that was computed here leads back to a tensor with `requires_grad=True`: the graph was never recorded, or was cut "
        "(`.detach()`, `.item()`, `.data`, `torch.no_grad()`, NumPy, or a new `torch.tensor(...)`).",
    ),
    (
        r"One of the differentiated Tensors appears to not have been used|differentiated Tensor at index \d+ appears to not have been used",
        "The result does not depend on one of the tensors that it is differentiated by.",
    ),
    (
        r"grad can be implicitly created only for scalar outputs",
        "`backward` starts from a single number: reduce to one first, by a sum or a mean.",
    ),
    (
        r"Trying to backward through the graph a second time",
        "The graph is gone after the first `backward`; compute the forward pass again, or detach what is carried over.",
    ),
    (
        r"a leaf Variable that requires grad is being used in an in-place operation",
        "A parameter may be changed in place only where nothing is recorded: inside `with torch.no_grad():`.",
    ),
    (
        r"modified by an inplace operation",
        "A number that the backward pass still needs was overwritten; write the result to a new tensor.",
    ),
    (
        r"Can't call numpy\(\) on Tensor that requires grad",
        "NumPy knows no gradients: `x.detach().numpy()` takes the numbers out of the graph.",
    ),
    (
        r"unsupported operand type\(s\) for .*'NoneType'|'NoneType' object|NoneType",
        "Something on this line is None. A `.grad` is None until `backward()` has run, and a function without `return` gives None.",
    ),
    (
        r"Boolean value of Tensor with more than one value is ambiguous|truth value of an array with more than one element is ambiguous",
        "`if`, `and`, `or` and `not` need one truth value, and a tensor has many: reduce it with `.any()` or `.all()`, or choose with `torch.where`.",
    ),
    (
        r"a Tensor with (\d+) elements cannot be converted to Scalar|only (?:one element|integer) tensors .*can be converted",
        "One number is needed here, and the tensor holds more; index it, or reduce it first.",
    ),
    (
        r'"(.*?)" not implemented for \'(\w+)\'|(?:mean|std|var)\(\): (?:could not infer output dtype|input dtype should be)',
        "torch does not compute this for the dtype given; `.float()` or `.double()` makes it a floating-point tensor.",
    ),
    (
        r"is missing the required \"forward\" function",
        "The class has no method `forward`: look at how it is spelt, and that it is indented as a method of the class.",
    ),
    (
        r"cannot assign module before Module\.__init__\(\) call|object has no attribute '_parameters'|cannot assign parameters before",
        "`super().__init__()` must be called before anything is assigned to `self`.",
    ),
    (
        r"Expected more than 1 value per channel when training",
        "In training mode a normalisation over the batch needs more than one number for each channel.",
    ),
    (
        r"expand\(.*the number of sizes provided|The expanded size of the tensor \((\d+)\) must match the existing size \((\d+)\)",
        "Only an axis of size 1 can be expanded.",
    ),
    (
        r"Kernel size can't be greater than actual input size|Calculated padded input size per channel",
        "The kernel is larger than what is left of the image, padding included.",
    ),
    (
        r"not enough values to unpack \(expected (\d+), got (\d+)\)",
        "There are {1} names on the left, and only {2} values to put into them.",
    ),
    (
        r"too many values to unpack \(expected (\d+)\)",
        "There are {1} names on the left, and more values than that.",
    ),
)


def meaning(type_: str, message: str) -> str:
    """What an exception says, in other words; "" where its own say it already."""
    text = f"{type_}: {message}"
    for pattern, sentence in MEANINGS:
        found = re.search(pattern, text)
        if found:
            groups = ["", *(group or "" for group in found.groups())]
            return sentence.format(*groups)
    return ""
