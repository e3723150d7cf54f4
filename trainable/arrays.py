"""Names for the arrays that modules hand each other."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""Numbers of any kind."""
Ints = NDArray[np.int64]
"""Rows, classes, counts."""
Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Bools = NDArray[np.bool_]
Labels = NDArray[np.uint8]
"""1 where a clip has a class, else 0: (clips, classes)."""
Scores = NDArray[np.float32]
"""What a model says of clips, in [0, 1]: (clips, classes)."""
