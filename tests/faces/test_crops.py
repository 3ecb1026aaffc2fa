import numpy as np
import pytest
from PIL import Image

from keras_vae.faces import crops as portraits
from keras_vae.faces.alignment import Face, find_faces
from keras_vae.faces.crops import Portrait, choose_faces, find_portraits, is_prepared
from keras_vae.faces.similarity import Similarity
from keras_vae.files import pictures
from keras_vae.files.photos import ALIGNED_SIZE, open_photo
from tests.encoding import encoded

SHAPE = (32, 32, 3)


@pytest.fixture
def no_search(monkeypatch):
    monkeypatch.setattr(portraits, "find_faces", lambda photo: pytest.fail("it was searched"))


@pytest.mark.parametrize(
    ("size", "shape", "box"),
    [
        (ALIGNED_SIZE, (64, 64, 3), (15, 35, 163, 183)),
        ((300, 200), (64, 64, 3), (50, 0, 250, 200)),
        ((300, 200), (64, 48, 1), (75, 0, 225, 200)),
    ],
)
def test_centre_lies_in_the_photo_where_it_was_cut(size, shape, box):
    portrait = Portrait.centre(Image.new("RGB", size), shape)
    assert portrait.pixels.shape == shape
    np.testing.assert_allclose(portrait.to_photo.bounds(shape[1::-1]), box)


@pytest.mark.parametrize("shape", [(64, 64, 3), (64, 48, 3)])
def test_face_lies_in_the_photo_where_it_was_cut(astronaut, shape):
    (portrait,) = find_portraits(astronaut, shape)
    again = portrait.to_photo.inverse().warp(astronaut, shape[1::-1])
    error = np.abs(np.asarray(again, int) - portrait.pixels).mean()
    shifted = np.abs(np.roll(again, 1, axis=1).astype(int) - portrait.pixels).mean()
    assert error < 4 < shifted


def test_aligned_crop_is_left_alone(astronaut):
    (face,) = find_faces(astronaut)
    square = face.crop(astronaut).crop((15, 35, 163, 183))
    (portrait,) = find_portraits(square, (64, 64, 3))
    np.testing.assert_array_equal(portrait.pixels, Portrait.centre(square, (64, 64, 3)).pixels)


def test_what_a_network_drew_is_not_searched(photos, no_search):
    picture = pictures.enlarge(photos[100], 4)
    compressed = open_photo(encoded(picture, "JPEG", quality=75))
    for drawn in (picture, compressed, Image.fromarray(photos[100])):
        assert is_prepared(drawn, SHAPE)
        (portrait,) = find_portraits(drawn, SHAPE, face=3)
        np.testing.assert_allclose(portrait.to_photo.bounds((32, 32)), (0, 0, *drawn.size))


def test_photo_of_celeba_is_not_searched(astronaut, no_search):
    (portrait,) = find_portraits(astronaut.resize(ALIGNED_SIZE), SHAPE)
    assert portrait.pixels.shape == SHAPE


def test_a_search_is_announced(astronaut, monkeypatch):
    told = []
    monkeypatch.setattr(portraits, "find_faces", lambda photo: told.append("search") or [])
    find_portraits(astronaut.resize(ALIGNED_SIZE), SHAPE, before_search=lambda: told.append("go"))
    assert told == []
    with pytest.raises(ValueError, match="No face"):
        find_portraits(astronaut, SHAPE, before_search=lambda: told.append("go"))
    assert told == ["go", "search"]


@pytest.mark.parametrize("size", [(512, 512), (128, 128), (64, 64), (100, 100), (20, 20), (64, 32)])
def test_other_photos_are_searched(astronaut, size):
    assert not is_prepared(astronaut.resize(size), SHAPE)


def test_faces_are_chosen_by_size():
    faces = [Face(Similarity(scale, 0), 1.0) for scale in (0.5, 1, 2)]
    assert choose_faces(faces, "largest") == faces[:1]
    assert choose_faces(faces, "all") == faces
    assert choose_faces(faces, 3) == faces[2:]
    with pytest.raises(ValueError, match=r"from 1 to 3\. Received: 4"):
        choose_faces(faces, 4)
    with pytest.raises(ValueError, match="No face was found"):
        choose_faces([], "all")
