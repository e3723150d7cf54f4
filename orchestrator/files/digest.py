"""Short names for contents."""

import hashlib
import json


def digest(content: object) -> str:
    """16 hex digits that name `content` (anything that JSON can say)."""
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
