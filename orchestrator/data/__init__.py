"""Data sets: layouts, clips, folds; the embedded one."""
