"""Legs that a run has left and its settings no longer need: one line, whatever their number."""

from collections import Counter
from collections.abc import Mapping

REASONS_SHOWN = 3


def stale_line(stale: Mapping[str, str]) -> str:
    """How many legs are stale and why, by what sets each apart; empty where none is."""
    if not stale:
        return ""
    reasons = Counter(stale.values()).most_common()
    counted = len(reasons) > 1
    shown = [f"{reason} ({count})" if counted else reason for reason, count in reasons[:REASONS_SHOWN]]
    more = sum(count for _, count in reasons[REASONS_SHOWN:])
    text = "; ".join([*shown, *([f"other settings ({more})"] if more else [])])
    return f"{'1 leg is' if len(stale) == 1 else f'{len(stale)} legs are'} stale: {text}"
