from types import SimpleNamespace

import numpy as np
import pytest
from click import UsageError
from PIL import Image

from keras_vae.cli.sources import Sources
from keras_vae.cli.types import FACE_CHOICE
from keras_vae.faces import crops
from keras_vae.faces.crops import crop_faces
from keras_vae.files import pictures
from keras_vae.files.photos import prepare

FACES = SimpleNamespace(
    image_shape=(32, 32, 3), resampling="bilinear", of_aligned_faces=True, describes_itself=True
)
SCENES = SimpleNamespace(**{**vars(FACES), "of_aligned_faces": False})


@pytest.fixture
def no_detection(monkeypatch):
    monkeypatch.setattr(crops, "detect_faces", lambda photo: pytest.fail("faces were detected"))


@pytest.fixture
def photo(astronaut, tmp_path):
    astronaut.save(tmp_path / "astronaut.png")
    return tmp_path / "astronaut.png"


def test_face_is_aligned_for_a_model_of_faces(photo, astronaut):
    source = Sources((photo,)).read_one(FACES)
    assert source.name == "astronaut.png"
    (expected,) = crop_faces(astronaut, (32, 32, 3))
    np.testing.assert_array_equal(source.pixels, expected.pixels)


@pytest.mark.parametrize(("align", "model"), [(False, FACES), (None, SCENES)])
def test_middle_is_taken_otherwise(photo, astronaut, no_detection, align, model):
    source = Sources((photo,), align=align).read_one(model)
    np.testing.assert_array_equal(source.pixels, prepare(astronaut, (32, 32)))


def test_alignment_can_be_asked_for(photo, astronaut):
    source = Sources((photo,), align=True).read_one(SCENES)
    (expected,) = crop_faces(astronaut, (32, 32, 3))
    np.testing.assert_array_equal(source.pixels, expected.pixels)


def test_a_model_that_does_not_describe_itself_is_noted_once(photo, no_detection, capsys):
    unknown = SimpleNamespace(**{**vars(SCENES), "describes_itself": False, "name": "celeba/1"})
    Sources((photo, photo)).read(unknown)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Note: 'celeba/1' on the server does not describe itself")
    Sources((photo,), align=False).read(unknown)
    Sources((), seed=3).read(unknown)
    assert not capsys.readouterr().err


def test_generated_and_aligned_images_need_no_detection(tmp_path, photos, no_detection):
    pictures.enlarge(photos[100], 4).save(tmp_path / "generated.png")
    Image.fromarray(photos[100]).resize((178, 218)).save(tmp_path / "celeba.jpg")
    sources = Sources((tmp_path / "generated.png", tmp_path / "celeba.jpg")).read(FACES)
    assert [source.name for source in sources] == ["generated.png", "celeba.jpg"]


def test_all_faces_are_numbered(photo, couple, tmp_path):
    path = tmp_path / "couple.png"
    sources = Sources((path, photo), face="all").read(FACES)
    names = ["couple.png, face 1", "couple.png, face 2", "astronaut.png"]
    assert [source.name for source in sources] == names
    second = Sources((path,), face=2).read_one(FACES)
    assert second.name == "couple.png"
    np.testing.assert_array_equal(second.pixels, sources[1].pixels)
    with pytest.raises(ValueError, match=r"couple\.png: one face is needed, not 2\. Use --face"):
        Sources((path,), face="all").read_one(FACES)


def test_error_without_a_face_offers_the_middle(photo, tmp_path):
    Image.new("RGB", (90, 70), "peru").save(tmp_path / "wall.png")
    with pytest.raises(ValueError, match=r"wall\.png: No face was detected\. Use --no-align "):
        Sources((photo, tmp_path / "wall.png")).read(FACES)
    with pytest.raises(ValueError, match=r"astronaut\.png: `face` must be 1: one face was "):
        Sources((photo,), face=2).read(FACES)


def test_help_shows_faces_in_lower_case_and_any_case_is_parsed(kvae):
    assert "--face largest|all|N" in kvae("reconstruct", "--help").output
    assert FACE_CHOICE.parse("Largest") == "largest"
    assert FACE_CHOICE.parse("ALL") == "all"


@pytest.mark.parametrize(("align", "model"), [(False, FACES), (None, SCENES)])
@pytest.mark.parametrize("face", [2, "all"])
def test_a_face_is_chosen_only_with_face_detection(photo, no_detection, align, model, face):
    with pytest.raises(UsageError, match=f"--face {face} needs face detection"):
        Sources((photo,), align=align, face=face).read(model)


@pytest.mark.parametrize("face", ["0", "-1", "smallest", "1.5"])
def test_invalid_face_is_a_usage_error(kvae, photo, face):
    result = kvae("reconstruct", photo, "--face", face)
    assert result.exit_code == 2
    assert "is not a face: largest, all, or 1" in result.output
