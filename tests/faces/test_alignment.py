import zipfile

import numpy as np
import pytest
from PIL import Image

from keras_vae.faces.alignment import EYES, LANDMARKS, Face, detect_faces, fit_layout
from keras_vae.faces.similarity import Similarity
from keras_vae.files.photos import ALIGNED_SIZE, open_photo


@pytest.fixture(scope="module")
def face(astronaut):
    (face,) = detect_faces(astronaut)
    return face


def test_landmarks_of_the_layout_give_the_identity():
    transform = fit_layout(LANDMARKS)
    assert transform.factor == pytest.approx(1)
    assert transform.shift == pytest.approx(0, abs=1e-9)


def test_a_face_is_detected_at_its_position(astronaut, face):
    right, left = face.to_layout.inverse()(EYES)
    np.testing.assert_allclose(right, [203, 101], atol=3)  # read off the photo by eye
    np.testing.assert_allclose(left, [244, 102], atol=3)
    assert face.size == pytest.approx(np.hypot(*(left - right)))
    assert face.confidence > 0.99
    assert face.crop(astronaut).size == ALIGNED_SIZE


@pytest.mark.parametrize(
    ("degrees", "scale", "shift"), [(30, 0.6, 200 + 20j), (-25, 1.5, -60 + 250j), (10, 1.1, 30)]
)
def test_rotated_scaled_and_shifted_faces_are_aligned_alike(astronaut, face, degrees, scale, shift):
    transform = Similarity(scale * np.exp(1j * np.radians(degrees)), shift)
    (found,) = detect_faces(transform.warp(astronaut, (800, 800)))
    back = found.to_layout @ transform @ face.to_layout.inverse()  # of the layout onto itself
    np.testing.assert_allclose(back(LANDMARKS), LANDMARKS, atol=2)


def test_an_aligned_crop_is_recognized(astronaut, face):
    square = face.crop(astronaut).crop((15, 35, 163, 183))
    for size in (148, 64, 300):
        resized = square.resize((size, size))
        assert detect_faces(resized)[0].is_aligned(resized.size)
    assert not face.is_aligned(astronaut.size)


def test_only_a_square_with_the_eyes_in_position_is_aligned():
    layout = Similarity(0.5, 15 + 35j)  # from a square of 296 pixels to the layout
    assert Face(layout, 1).is_aligned((296, 296))
    assert not Face(layout, 1).is_aligned((296, 362))
    assert not Face(layout, 1).is_aligned((400, 400))
    assert Face(Similarity(1, 7) @ layout, 1).is_aligned((296, 296))
    assert not Face(Similarity(1, 9j) @ layout, 1).is_aligned((296, 296))
    assert not Face(Similarity(1.5, 0) @ layout, 1).is_aligned((296, 296))


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (400, 2), (2, 400), (60, 60), (700, 500)])
def test_an_image_without_a_face_has_none_detected(size):
    noise = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3)).astype(np.uint8)
    assert detect_faces(Image.fromarray(noise)) == ()
    assert detect_faces(Image.new("RGB", size, "peru")) == ()


def test_faces_are_ordered_by_size(astronaut):
    group = Image.new("RGB", (1100, 520), "grey")
    sides = {0: 260, 300: 512, 830: 230}
    for left, side in sides.items():
        group.paste(astronaut.resize((side, side)), (left, 4))
    found = detect_faces(group)
    places = [face.to_layout.inverse()(EYES).mean(axis=0)[0] for face in found]
    expected = [left + 0.437 * sides[left] for left in (300, 0, 830)]
    np.testing.assert_allclose(places, expected, atol=5)
    assert found[0].size > found[1].size > found[2].size


@pytest.mark.slow
def test_rotated_originals_are_aligned_again(kvae_data):
    with zipfile.ZipFile(kvae_data / "celeba" / "img_align_celeba.zip") as archive:
        names = [name for name in archive.namelist() if name.endswith(".jpg")][:20]
        originals = [open_photo(archive.read(name)) for name in names]
    errors = []
    for number, original in enumerate(originals):
        turn = 1.2 * np.exp(1j * np.radians(25 * (-1) ** number))
        transform = Similarity(turn, 200 + 200j - turn * (89 + 109j))  # their middles
        found = detect_faces(transform.warp(original, (400, 400)))
        back = [face.to_layout @ transform for face in found[:1]]
        errors += [np.hypot(*(one(EYES) - EYES).T).max() for one in back] or [np.inf]
    assert np.mean(np.array(errors) <= 3) >= 0.8
    assert np.median(errors) < 1.5
