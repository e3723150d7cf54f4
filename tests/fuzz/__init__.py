"""Random damage to everything that is parsed: the outcome is a value or a UserError, never another exception.

python -m tests.fuzz --minutes 10              all targets in turn
python -m tests.fuzz --target yaml --seed 123  one case again
"""
