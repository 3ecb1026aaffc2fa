import numpy as np
import pytest
from PIL import Image, ImageCms

from keras_vae.faces.alignment import detect_faces
from keras_vae.files.photos import ALIGNED_SIZE


def test_face_is_cut_out(kvae, couple, tmp_path):
    result = kvae("align", "couple.png", "--out", "face.png")
    assert result.exit_code == 0, result.output
    largest = detect_faces(couple)[0]
    said, written = result.stdout.splitlines()
    assert said == f"41 pixels between the eyes, confidence {largest.confidence:.3f}"
    assert written == "face.png"
    picture = Image.open(tmp_path / "face.png")
    assert picture.size == ALIGNED_SIZE
    np.testing.assert_array_equal(picture, largest.crop(couple))


def test_all_faces_get_a_file_each(kvae, couple, tmp_path):
    (tmp_path / "faces_2.png").write_bytes(b"precious")
    result = kvae("align", "couple.png", "--face", "all", "--out", "faces.png")
    assert "faces_2.png exists" in str(result.exception)
    assert not (tmp_path / "faces_1.png").exists()
    result = kvae("align", "couple.png", "--face", "all", "--out", "faces.png", "--overwrite")
    assert result.exit_code == 0, result.output
    for number, face in enumerate(detect_faces(couple), start=1):
        picture = Image.open(tmp_path / f"faces_{number}.png")
        np.testing.assert_array_equal(picture, face.crop(couple))
    result = kvae("align", "couple.png", "--face", "2", "--out", "second.png")
    np.testing.assert_array_equal(Image.open(tmp_path / "second.png"), picture)


def test_only_files_that_are_written_must_be_free(kvae, couple, tmp_path):
    (tmp_path / "faces.png").write_bytes(b"precious")
    result = kvae("align", "couple.png", "--face", "ALL", "--out", "faces.png")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "faces.png").read_bytes() == b"precious"
    assert {"faces_1.png", "faces_2.png"} < {path.name for path in tmp_path.iterdir()}


def test_a_colour_profile_stays(kvae, couple, tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    couple.save(tmp_path / "profiled.png", icc_profile=profile)
    for name in ("aligned.png", "aligned.jpg"):
        assert kvae("align", "profiled.png", "--out", name).exit_code == 0
        assert Image.open(tmp_path / name).info["icc_profile"] == profile


def test_a_folder_is_aligned_and_those_without_a_face_are_listed(kvae, couple, tmp_path):
    (tmp_path / "album" / "deep").mkdir(parents=True)
    couple.save(tmp_path / "album" / "party.jpg", quality=95)
    for name in ("wall.png", "deep/sky.png"):
        Image.new("RGB", (90, 70), "peru").save(tmp_path / "album" / name)
    (tmp_path / "album" / "bad.jpg").write_bytes(b"no image")
    result = kvae("align", "album", "couple.png", "--face", "all", "--out", "aligned")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == ["aligned: 4 images"]
    names = {"party_1.png", "party_2.png", "couple_1.png", "couple_2.png"}
    assert {file.name for file in (tmp_path / "aligned").iterdir()} == names
    assert kvae("align", "couple.png", "--face", "2", "--out", "second.png").exit_code == 0
    second, again = (
        np.asarray(Image.open(tmp_path / name), int)
        for name in ("second.png", "aligned/couple_2.png")
    )
    assert second.shape == (218, 178, 3)
    np.testing.assert_array_equal(second, again)
    heading, *reasons = result.stderr.splitlines()
    assert heading == "3 of 5 images were left out:"
    assert "  No face was detected. (2): deep/sky.png, wall.png" in reasons
    assert any("bad.jpg" in reason for reason in reasons)


def test_several_photos_need_a_folder(kvae, couple, tmp_path):
    for arguments in (["couple.png", "couple.png"], ["."]):
        result = kvae("align", *arguments, "--out", "a.png")
        assert result.exit_code == 2
        assert "Several photos need --out FOLDER" in result.output


def test_no_face_is_told(kvae, tmp_path):
    Image.new("RGB", (90, 70), "peru").save(tmp_path / "wall.png")
    result = kvae("align", "wall.png")
    assert result.exit_code == 1
    assert str(result.exception) == "wall.png: No face was detected."
    assert not (tmp_path / "aligned.png").exists()


def test_file_that_exists_is_refused_before_any_work(kvae, couple, tmp_path, monkeypatch):
    from keras_vae.faces import alignment

    monkeypatch.setattr(alignment, "detect_faces", lambda photo: pytest.fail("work was begun"))
    (tmp_path / "aligned.png").write_bytes(b"precious")
    result = kvae("align", "couple.png")
    assert "aligned.png exists" in str(result.exception)
