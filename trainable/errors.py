"""What a message can mend. Any other exception is a fault of this program, and keeps its traceback."""


class UserError(ValueError):
    """Settings, data or a place are wrong; the message names what, and says what to do."""


class Diverged(UserError):
    """A fold's loss or scores are no longer finite: the same settings would end alike again."""
