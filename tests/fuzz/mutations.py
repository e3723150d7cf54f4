"""Bytes from valid ones: the same seed gives the same bytes."""

from collections.abc import Sequence
from random import Random

TOKENS = (
    b",", b"\n", b"\r\n", b'"', b"\0", b"\xff", b"\xef\xbb\xbf", b"[", b"]", b"{", b"}", b": ", b"- ",
    b"&a ", b"*a", b"<<: ", b"!!set ", b"!!python/object:os.system ", b".nan", b".inf", b"1e999", b"-1",
    b"0", b"null",
    b"99999999999999999999999", b"2001-99-99", b"0x_", b"1:60:60", b"?", b"|", b"'", b"#", b"\t", b"%", b"@",
    b"=", b"..", b"/", b"RIFF", b"WAVE", b"fmt ", b"data", b"LIST", b"\xff\xff\xff\xff",
    b"\0\0\0\0", b"PAR1",
    "é".encode(), "²".encode(), "\u2028".encode(),
)  # fmt: skip


def mutated(seeds: Sequence[bytes], rng: Random) -> bytes:
    """One of `seeds` with one to eight changes."""
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        rng.choice(CHANGES)(data, rng)
    return bytes(data)


def _place(data: bytearray, rng: Random) -> int:
    """Somewhere in the data; headers are at its start, Parquet's at its end."""
    where = rng.random()
    low, high = (0, 64) if where < 0.3 else (len(data) - 64, len(data)) if where < 0.4 else (0, len(data))
    return rng.randint(max(low, 0), min(max(high, 0), len(data)))


def _flip(data: bytearray, rng: Random) -> None:
    if data:
        data[min(_place(data, rng), len(data) - 1)] ^= 1 << rng.randrange(8)


def _cut(data: bytearray, rng: Random) -> None:
    del data[_place(data, rng) :]


def _remove(data: bytearray, rng: Random) -> None:
    place = _place(data, rng)
    del data[place : place + rng.choice((1, 2, 10, 100))]


def _insert(data: bytearray, rng: Random) -> None:
    place = _place(data, rng)
    data[place:place] = rng.choice(TOKENS) * rng.choice((1, 1, 1, 2, 50))


def _overwrite(data: bytearray, rng: Random) -> None:
    place, token = _place(data, rng), rng.choice(TOKENS)
    data[place : place + len(token)] = token


def _repeat(data: bytearray, rng: Random) -> None:
    place = _place(data, rng)
    data[place:place] = data[place : place + rng.choice((1, 10, 100))] * rng.choice((1, 2, 30))


def _swap_line(data: bytearray, rng: Random) -> None:
    lines = data.split(b"\n")
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one] = lines[other]
    data[:] = b"\n".join(lines)


def _random(data: bytearray, rng: Random) -> None:
    place = _place(data, rng)
    data[place : place + 4] = rng.randbytes(4)


CHANGES = (_flip, _cut, _remove, _insert, _overwrite, _repeat, _swap_line, _random)
