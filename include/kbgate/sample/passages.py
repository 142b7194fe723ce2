"""Texts written for the faults: paragraphs in other languages, on other topics, and boilerplate."""

from importlib.resources import files


def read_passages(name: str) -> list[tuple[str, str]]:
    """Return (title, text) of every section of `texts/<name>.md`, in the order of the file."""
    content = files("kbgate.sample").joinpath("texts", f"{name}.md").read_text("utf-8")
    sections = (section.partition("\n") for section in ("\n" + content).split("\n## ")[1:])
    return [(title.strip(), text.strip()) for title, _, text in sections]
