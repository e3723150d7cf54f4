"""Text from strangers, such as names of classes and files, on a terminal."""


def printable(text: str) -> str:
    """Without what moves a terminal's cursor, rings or colours; line ends stay."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)
