"""Numbers as XML attributes."""


def plain(number: float) -> str:
    """Twelve digits: a sample of the longest loop is told from the next one."""
    return f"{number:.12g}"
