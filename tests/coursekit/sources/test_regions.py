"""Solution regions, and what stands in their place in the student version."""

import ast
import textwrap

import pytest

from coursekit.sources.regions import RegionError, find_regions, solution_lines, solution_text, student_text


def student(text: str, exercises: set[str] | None = None, starters: dict[str, str] | None = None) -> str:
    """The student version of a cell."""
    text = textwrap.dedent(text).strip("\n")
    tree = ast.parse(text)
    return student_text(text, tree, find_regions(text, tree), exercises or set(), starters or {})


def expected(text: str) -> str:
    return textwrap.dedent(text).strip("\n")


FUNCTION = '''
def f(x):
    """Doc."""
    y = x
    ### BEGIN SOLUTION
    for i in range(3):
        y += i
    return y
    ### END SOLUTION

f(1)
'''


def test_a_function_body_refuses() -> None:
    """Inside a function the stub raises, signature, docstring and given code stay."""
    assert student(FUNCTION) == expected('''
        def f(x):
            """Doc."""
            y = x
            raise NotImplementedError("...your code here...")

        f(1)
    ''')


def test_a_method_body_refuses() -> None:
    """Inside a method the stub raises at the method's indentation."""
    text = """
    class A:
        def f(self):
            ### BEGIN SOLUTION
            return 1
            ### END SOLUTION

        def g(self):
            return 2
    """
    assert student(text) == expected("""
        class A:
            def f(self):
                raise NotImplementedError("...your code here...")

            def g(self):
                return 2
    """)


def test_a_class_body_keeps_names_only() -> None:
    """Inside a class, methods refuse whatever they are given, attributes are placeholders."""
    text = """
    class A(Base):
        ### BEGIN SOLUTION
        size: int = 3

        def __init__(self, width=5):
            self.width = width

        @property
        def area(self):
            return self.width**2
        ### END SOLUTION
    """
    assert student(text) == expected("""
        class A(Base):
            size = ...  # your code here

            def __init__(self, *args, **kwargs):
                raise NotImplementedError("...your code here...")

            def area(self, *args, **kwargs):
                raise NotImplementedError("...your code here...")
    """)


@pytest.mark.parametrize(
    ("exercises", "stub"),
    [
        ({"b"}, "b = ...  # your code here"),
        (set(), "a = ...  # your code here\nb = ...  # your code here"),
    ],
)
def test_a_top_level_region_binds_placeholders(exercises: set[str], stub: str) -> None:
    """At top level the exercises' names are placeholders; where none is an exercise, every name is."""
    text = """
    ### BEGIN SOLUTION
    a = 1
    b = [a for c in range(3)]
    ### END SOLUTION
    """
    assert student(text, exercises) == stub


def test_a_region_that_binds_nothing_becomes_an_ellipsis() -> None:
    """A region of statements without names leaves a place to write."""
    text = "if True:\n    ### BEGIN SOLUTION\n    print(1)\n    ### END SOLUTION"
    assert student(text) == "if True:\n    ...  # your code here"


def test_the_inner_function_is_the_one_that_refuses() -> None:
    """In a nested function only the inner body is replaced."""
    text = """
    def outer():
        def inner(x):
            ### BEGIN SOLUTION
            return x
            ### END SOLUTION

        return inner
    """
    assert student(text) == expected("""
        def outer():
            def inner(x):
                raise NotImplementedError("...your code here...")

            return inner
    """)


def test_a_starter_replaces_the_whole_definition() -> None:
    """Decorators, docstring and END marker go with the definition; what stands around it stays."""
    text = "import torch\n\n@torch.no_grad()\n" + FUNCTION.strip("\n")
    starter = "@torch.no_grad()\ndef f(x):\n    return x"
    assert student(text, {"f"}, {"f": starter}) == f"import torch\n\n{starter}\n\nf(1)"


def test_a_starter_replaces_a_top_level_region() -> None:
    """The starter of a value stands where its region stood."""
    text = "a = 0\n### BEGIN SOLUTION\nb = 1\n### END SOLUTION\nprint(b)"
    assert student(text, {"b"}, {"b": "b = 2  # is it?"}) == "a = 0\nb = 2  # is it?\nprint(b)"


def test_solutions_lose_only_the_markers() -> None:
    """The solution text is the cell without marker lines, and each line knows where it was."""
    text = FUNCTION.strip("\n")
    assert "SOLUTION" not in solution_text(text)
    kept = solution_lines(text)
    assert [text.split("\n")[n - 1] for n in kept] == solution_text(text).split("\n")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("### BEGIN SOLUTION\nx = 1", 1, "without an END"),
        ("x = 1\n### END SOLUTION", 2, "without a BEGIN"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION", 2, "inside the region"),
        ("### BEGIN SOLUTION\n# nothing\n### END SOLUTION", 1, "no statement"),
        ("x = 1\n## begin solution\n", 2, "written exactly"),
        ("x = 1  ### BEGIN SOLUTION\n", 1, "written exactly"),
        ("def f():\n    ### BEGIN SOLUTION\n    return 1\nx = 2\n### END SOLUTION", 2, "runs past"),
        ("### BEGIN SOLUTION\ndef f():\n    return 1\n    ### END SOLUTION\n    return 2", 4, "ends inside"),
    ],
)
def test_wrong_markers_are_errors(text: str, line: int, says: str) -> None:
    """Unbalanced, nested, empty, crossing and misspelt markers are refused at their line."""
    with pytest.raises(RegionError, match=says) as caught:
        find_regions(text, ast.parse(text))
    assert caught.value.line == line
