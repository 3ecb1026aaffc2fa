import numpy as np
import pytest
from PIL import Image

from keras_vae.faces import crops
from keras_vae.faces.alignment import LANDMARKS, Face, detect_faces
from keras_vae.faces.crops import Crop, align_largest, crop_faces, is_prepared, select_faces
from keras_vae.faces.similarity import Similarity
from keras_vae.files import pictures
from keras_vae.files.photos import ALIGNED_SIZE, open_photo
from tests.encoding import encoded

SHAPE = (32, 32, 3)


@pytest.fixture
def no_detection(monkeypatch):
    monkeypatch.setattr(crops, "detect_faces", lambda photo: pytest.fail("faces were detected"))


@pytest.mark.parametrize(
    ("size", "shape", "box"),
    [
        (ALIGNED_SIZE, (64, 64, 3), (15, 35, 163, 183)),
        ((300, 200), (64, 64, 3), (50, 0, 250, 200)),
        ((300, 200), (64, 48, 1), (75, 0, 225, 200)),
    ],
)
def test_a_central_crop_has_its_position_in_the_photo(size, shape, box):
    crop = Crop.centre(Image.new("RGB", size), shape)
    assert crop.pixels.shape == shape
    np.testing.assert_allclose(crop.to_photo.bounds(shape[1::-1]), box)


@pytest.mark.parametrize("shape", [(64, 64, 3), (64, 48, 3)])
def test_a_face_crop_has_its_position_in_the_photo(astronaut, shape):
    (crop,) = crop_faces(astronaut, shape)
    again = crop.to_photo.inverse().warp(astronaut, shape[1::-1])
    error = np.abs(np.asarray(again, int) - crop.pixels).mean()
    shifted = np.abs(np.roll(again, 1, axis=1).astype(int) - crop.pixels).mean()
    assert error < 4 < shifted


def test_an_aligned_crop_is_unchanged(astronaut):
    (face,) = detect_faces(astronaut)
    square = face.crop(astronaut).crop((15, 35, 163, 183))
    (crop,) = crop_faces(square, (64, 64, 3))
    np.testing.assert_array_equal(crop.pixels, Crop.centre(square, (64, 64, 3)).pixels)


def test_a_face_with_known_landmarks_is_aligned_by_them(astronaut, monkeypatch):
    (face,) = detect_faces(astronaut)
    monkeypatch.setattr(crops, "detect_faces", lambda photo: pytest.fail("faces were detected"))
    known = align_largest(astronaut, face.to_layout.inverse()(LANDMARKS))
    expected = np.asarray(face.crop(astronaut), int)
    assert np.abs(np.asarray(known, int) - expected).max() <= 1


@pytest.mark.parametrize(
    ("points", "received"),
    [
        (10 * LANDMARKS, "x from 698 to 1083, y from 1119 to 1532"),
        (-LANDMARKS, "x from -108.3 to -69.8, y from -153.2 to -111.9"),
        (90 + 20 * (LANDMARKS - LANDMARKS.mean(axis=0)), "x from -291.6 to 478.4, y from"),
        (np.nan * LANDMARKS, "x from nan to nan"),
    ],
)
def test_landmarks_of_a_photo_in_another_size_are_refused(points, received):
    photo = Image.new("RGB", (180, 220))
    with pytest.raises(ValueError, match=r"in the photo, .* 180×220 .* Received: ") as error:
        align_largest(photo, points)
    assert received in str(error.value)


def test_landmarks_of_a_face_at_the_border_may_be_outside():
    # As in CelebA, whose eyes are at the border of a few photos.
    photo = Image.new("RGB", (180, 220))
    assert align_largest(photo, np.add(LANDMARKS, [-88, 0])).size == ALIGNED_SIZE
    assert align_largest(photo, np.add(LANDMARKS, [91, 86])).size == ALIGNED_SIZE


def test_a_generated_image_needs_no_detection(photos, no_detection):
    picture = pictures.enlarge(photos[100], 4)
    compressed = open_photo(encoded(picture, "JPEG", quality=75))
    for generated in (picture, compressed, Image.fromarray(photos[100])):
        assert is_prepared(generated, SHAPE)
        (crop,) = crop_faces(generated, SHAPE, face=3)
        np.testing.assert_allclose(crop.to_photo.bounds((32, 32)), (0, 0, *generated.size))


def test_a_photo_of_celeba_needs_no_detection(astronaut, no_detection):
    (crop,) = crop_faces(astronaut.resize(ALIGNED_SIZE), SHAPE)
    assert crop.pixels.shape == SHAPE


@pytest.mark.parametrize("size", [(512, 512), (128, 128), (64, 64), (100, 100), (20, 20), (64, 32)])
def test_other_photos_need_detection(astronaut, size):
    assert not is_prepared(astronaut.resize(size), SHAPE)


def test_faces_are_selected_by_size():
    faces = [Face(Similarity(scale, 0), 1.0) for scale in (0.5, 1, 2)]
    assert select_faces(faces, "largest") == faces[:1]
    assert select_faces(faces, "all") == faces
    assert select_faces(faces, 3) == faces[2:]
    with pytest.raises(
        ValueError, match=r"must be 1 … 3, the faces that were detected\. Received: 4"
    ):
        select_faces(faces, 4)
    with pytest.raises(ValueError, match=r"must be 1: one face was detected\. Received: 2"):
        select_faces(faces[:1], 2)
    with pytest.raises(ValueError, match="No face was detected"):
        select_faces([], "all")
