import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from benchmarks import package_mtcnn
from keras_vae.faces.alignment import EYES, detect_faces
from keras_vae.faces.detection import crop_landmarks, detect_landmarks
from keras_vae.faces.similarity import Similarity
from keras_vae.files.photos import open_photo


@pytest.fixture(scope="module")
def photos_of_faces(astronaut):
    """Photos with one face, several and none, upright and rotated, bright and dark."""
    group = Image.new("RGB", (1100, 520), "grey")
    for left, side in ((0, 260), (300, 512), (830, 230)):
        group.paste(astronaut.resize((side, side)), (left, 4))
    rotated = Similarity(0.8 * np.exp(0.4j), 150 + 10j).warp(astronaut, (600, 500))
    noise = np.random.default_rng(0).integers(0, 256, (300, 420, 3)).astype(np.uint8)
    return {
        "one face": astronaut,
        "several": group,
        "rotated": rotated,
        "dark": astronaut.point(lambda level: level * 0.2),
        "cut off": astronaut.crop((190, 60, 330, 200)),
        "none": Image.fromarray(noise),
    }


def by_the_package(photo):
    """Detect faces as before, by the package mtcnn."""
    with package_mtcnn.in_alignment():
        return detect_faces(photo)


def eyes_of(faces):
    """Compute the positions of the eyes in the photo, sorted, [N, 2, 2]."""
    eyes = [face.to_layout.inverse()(EYES) for face in faces]
    return np.reshape(sorted(eyes, key=lambda pair: pair[0].round().tolist()), (-1, 2, 2))


@pytest.mark.parametrize("name", ["one face", "several", "rotated", "dark", "cut off", "none"])
def test_landmarks_are_those_of_the_package(photos_of_faces, name):
    pixels = np.asarray(photos_of_faces[name])
    landmarks, scores = detect_landmarks(pixels)
    expected, expected_scores = package_mtcnn.detect_landmarks(pixels)
    assert len(landmarks) == {"none": 0, "several": 3}.get(name, 1)
    np.testing.assert_allclose(landmarks, expected, atol=0.06)
    np.testing.assert_allclose(landmarks[:, :2], expected[:, :2], atol=0.03)
    np.testing.assert_allclose(scores, expected_scores, atol=1e-3)


def test_landmarks_of_crops_are_those_of_the_package(astronaut):
    crops = np.stack([astronaut.crop((170, 50, 280, 160)).resize((48, 48))] * 40)
    crops[1:] = np.roll(crops[1:], 2, axis=1)
    landmarks = crop_landmarks(crops)
    np.testing.assert_allclose(landmarks, package_mtcnn.crop_landmarks(crops), atol=0.02)
    assert np.ptp(landmarks[1:], axis=0).max() < 1e-4  # whatever else is in the batch


@pytest.mark.slow
@pytest.mark.parametrize("name", ["one face", "several", "rotated", "dark", "cut off"])
def test_aligned_eyes_are_those_of_the_package(photos_of_faces, name):
    photo = photos_of_faces[name]
    np.testing.assert_allclose(
        eyes_of(detect_faces(photo)), eyes_of(by_the_package(photo)), atol=0.05
    )


@pytest.mark.data
@pytest.mark.slow
def test_originals_are_aligned_as_by_the_package(kvae_data):
    with zipfile.ZipFile(kvae_data / "celeba" / "img_align_celeba.zip") as archive:
        names = [name for name in archive.namelist() if name.endswith(".jpg")][:20]
        originals = [open_photo(archive.read(name)) for name in names]
    for original in originals:
        np.testing.assert_allclose(
            eyes_of(detect_faces(original)), eyes_of(by_the_package(original)), atol=0.05
        )


def test_faces_are_the_same_in_several_threads(astronaut):
    pixels = np.asarray(astronaut)
    expected, _ = detect_landmarks(pixels)
    with ThreadPoolExecutor(4) as pool:
        for landmarks, _ in pool.map(detect_landmarks, [pixels] * 8):
            np.testing.assert_array_equal(landmarks, expected)


def test_detection_imports_no_large_library_and_prints_nothing(astronaut, tmp_path):
    astronaut.save(tmp_path / "photo.png")
    code = (
        "import sys\n"
        "from keras_vae.faces import blending, crops\n"
        "from keras_vae.files.photos import open_photo\n"
        f"assert crops.crop_faces(open_photo({str(tmp_path / 'photo.png')!r}), (64, 64, 3))\n"
        "large = {'tensorflow', 'keras', 'scipy', 'sklearn', 'matplotlib', 'mtcnn'}\n"
        "assert not large & set(sys.modules), large & set(sys.modules)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
