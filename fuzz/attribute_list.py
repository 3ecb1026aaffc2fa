"""A list of what is known of images, in each layout that is read."""

from __future__ import annotations

from collections.abc import Iterator

from keras_vae.datasets.lists import EXPECTED, read_list

NAME = "list.txt"


def seeds() -> Iterator[bytes]:
    """Yield lists separated by blanks, tabs, commas and semicolons."""
    yield b"3\nSmiling Bald \n1.jpg  1 -1\n2.jpg -1 -1\n3.jpg 1 1\n"
    yield b"\xef\xbb\xbfid;a;b\r\n1.jpg;1;0\r\n2.jpg;0;0\r\n"
    yield "id\ta\n1\t1\n2\t0\n".encode("utf-16")
    yield b'"id","a"\n"1.jpg","True"\n'
    yield b",id,a\n0,1.jpg,1\n1,2.jpg,0\n"
    yield b"sep=;\nimage;split\na/1.jpg;train\nb/1.jpg;val\n"


def read(content: bytes) -> None:
    """Read the list as one of attributes, of splits and of numbers."""
    found = read_list(NAME, content)
    found.rows_of(["1.jpg", "2.png", "a/1.jpg"])
    refusals = []
    for parse in EXPECTED:
        try:
            found.values(range(len(found.names)), parse)
        except ValueError as error:
            refusals.append(error)
    if refusals:
        raise refusals[0]
