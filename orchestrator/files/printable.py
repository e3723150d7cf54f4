"""What a terminal shows: text from strangers, such as names of classes and files, and spans of time."""


def printable(text: str) -> str:
    """`text` without what moves a terminal's cursor, rings or colours; line ends stay."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def clock(seconds: float | None) -> str:
    """Seconds as 4:05 or 1:02:03; a dash where they are not known."""
    if seconds is None:
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
