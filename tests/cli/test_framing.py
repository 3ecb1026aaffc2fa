from types import SimpleNamespace

import numpy as np
import pytest
from click import UsageError
from PIL import Image

from keras_vae.cli.framing import FaceChoice, Framing
from keras_vae.faces import crops as portraits
from keras_vae.faces.crops import find_portraits
from keras_vae.files import pictures
from keras_vae.files.photos import prepare

FACES = SimpleNamespace(image_shape=(32, 32, 3), of_aligned_faces=True)
SCENES = SimpleNamespace(image_shape=(32, 32, 3), of_aligned_faces=False)


@pytest.fixture
def no_search(monkeypatch):
    monkeypatch.setattr(portraits, "find_faces", lambda photo: pytest.fail("it was searched"))


@pytest.fixture
def photo(astronaut, tmp_path):
    astronaut.save(tmp_path / "astronaut.png")
    return tmp_path / "astronaut.png"


def test_face_is_aligned_for_a_model_of_faces(photo, astronaut):
    sitter = Framing(True, "largest").read_one(photo, FACES)
    assert sitter.name == "astronaut.png"
    (expected,) = find_portraits(astronaut, (32, 32, 3))
    np.testing.assert_array_equal(sitter.pixels, expected.pixels)


@pytest.mark.parametrize(("align", "model"), [(False, FACES), (True, SCENES)])
def test_middle_is_taken_otherwise(photo, astronaut, no_search, align, model):
    sitter = Framing(align, "largest").read_one(photo, model)
    np.testing.assert_array_equal(sitter.pixels, prepare(astronaut, (32, 32)))


def test_generated_and_aligned_images_cost_no_search(tmp_path, photos, no_search):
    pictures.enlarge(photos[100], 4).save(tmp_path / "generated.png")
    Image.fromarray(photos[100]).resize((178, 218)).save(tmp_path / "celeba.jpg")
    files = [tmp_path / "generated.png", tmp_path / "celeba.jpg"]
    sitters = Framing(True, "largest").read(files, FACES)
    assert [sitter.name for sitter in sitters] == ["generated.png", "celeba.jpg"]


def test_all_faces_are_numbered(photo, couple, tmp_path):
    path = tmp_path / "couple.png"
    sitters = Framing(True, "all").read([path, photo], FACES)
    names = ["couple.png, face 1", "couple.png, face 2", "astronaut.png"]
    assert [sitter.name for sitter in sitters] == names
    second = Framing(True, 2).read_one(path, FACES)
    assert second.name == "couple.png"
    np.testing.assert_array_equal(second.pixels, sitters[1].pixels)
    with pytest.raises(ValueError, match=r"couple\.png: one face is taken, not 2\. Use --face N"):
        Framing(True, "all").read_one(path, FACES)


def test_missing_face_is_one_line_that_offers_the_middle(photo, tmp_path):
    Image.new("RGB", (90, 70), "peru").save(tmp_path / "wall.png")
    with pytest.raises(ValueError, match=r"wall\.png: No face was found\. With --no-align "):
        Framing(True, "largest").read([photo, tmp_path / "wall.png"], FACES)
    with pytest.raises(ValueError, match=r"astronaut\.png: `face` must be from 1 to 1\."):
        Framing(True, 2).read([photo], FACES)


def test_the_help_writes_faces_as_they_are_typed_and_any_case_is_taken(kvae):
    assert "--face largest|all|N" in kvae("reconstruct", "--help").output
    assert FaceChoice().parse("Largest") == "largest"
    assert FaceChoice().parse("ALL") == "all"


@pytest.mark.parametrize(("align", "model"), [(False, FACES), (True, SCENES)])
@pytest.mark.parametrize("face", [2, "all"])
def test_a_face_is_not_chosen_where_none_is_looked_for(photo, no_search, align, model, face):
    with pytest.raises(UsageError, match=f"--face {face} needs faces to be looked for"):
        Framing(align, face).read([photo], model)


@pytest.mark.parametrize("face", ["0", "-1", "smallest", "1.5"])
def test_face_that_is_none_is_a_usage_error(kvae, photo, face):
    result = kvae("reconstruct", photo, "--face", face)
    assert result.exit_code == 2
    assert "write largest, all, or 1" in result.output
