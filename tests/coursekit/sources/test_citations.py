"""Numbers of papers become links; code and links stay as they are."""

import pytest
from markdown_it import MarkdownIt

from coursekit.sources.citations import linked


@pytest.mark.parametrize(
    ("written", "address", "behind"),
    [
        ("arXiv:1312.6114.", "https://arxiv.org/abs/1312.6114", "."),
        ("doi:10.1038/nature14539.", "https://doi.org/10.1038/nature14539", "."),
        ("doi:10.1016/S0893-6080(05)80131-5. Why.", "https://doi.org/10.1016/S0893-6080%2805%2980131-5", ". Why."),
        ("(doi:10.1162/tacl_a_00134)", "https://doi.org/10.1162/tacl_a_00134", ")"),
        (
            "doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2.",
            "https://doi.org/10.1175/1520-0493%281950%29078%3C0001%3AVOFEIT%3E2.0.CO%3B2",
            ".",
        ),
    ],
)
def test_a_number_is_a_link_that_markdown_reads(written: str, address: str, behind: str) -> None:
    """The address holds the whole number and nothing of the sentence; the reader sees what the source wrote."""
    inline = MarkdownIt("commonmark").parse(linked(written))[1]
    tokens = inline.children or []
    (opened,) = [token for token in tokens if token.type == "link_open"]
    assert opened.attrs["href"] == address
    assert "".join(token.content for token in tokens if token.type == "text") == written
    assert tokens[-1].content == behind


def test_code_and_links_stay() -> None:
    """A number in code is code, and a link is not made twice."""
    for text in (
        "`doi:10.1038/nature14539`",
        "[here](https://doi.org/10.1038/nature14539)",
        "no number: doi or arXiv.",
    ):
        assert linked(text) == text
    assert linked(linked("arXiv:1312.6114")) == linked("arXiv:1312.6114")
