import numpy as np
import pytest
from PIL import Image

from keras_vae.datasets import load_dataset
from keras_vae.datasets.photo_map import PhotoMap
from keras_vae.files.photos import ALIGNED_SIZE


def turned(photo, landmarks):
    """Turn bright photos upside down; dark ones are not wanted."""
    if np.asarray(photo).mean() < 60:
        raise ValueError("It is dark.")
    return photo.rotate(180)


MAP = PhotoMap("turned", turned, "too dark", (20, 30))


@pytest.fixture
def album(tmp_path):
    """Sixty photos of 30×20 pixels, each brighter than the one before; and a damaged one."""
    ramp = np.linspace(0, 0.5, 20 * 30 * 3).reshape(20, 30, 3)
    for number in range(60):
        pixels = ((ramp + number / 60) * 170).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number:02}.png")
    (tmp_path / "99.png").write_bytes(b"no image")
    return tmp_path


def test_photos_are_mapped_and_others_are_left_out(album):
    plain = load_dataset(album)
    mapped = load_dataset(album, photo_map=MAP)
    bright = np.asarray(plain.images).mean(axis=(1, 2, 3)) >= 60
    assert 0 < bright.sum() < 60
    np.testing.assert_array_equal(mapped.images, plain.images[bright][:, ::-1, ::-1])
    np.testing.assert_array_equal(mapped.names, plain.names[bright])
    assert mapped.provenance["source"] == "folder of images, turned"
    left_out = mapped.provenance["account"]["left_out"]
    assert left_out["too dark"][0] == (~bright).sum()
    assert left_out["damaged"][0] == 1
    assert load_dataset(album).images.shape == plain.images.shape  # of another cache


def test_a_set_of_which_all_is_left_out_is_refused(album):
    def refuse(photo, landmarks):
        raise ValueError

    with pytest.raises(ValueError, match=r"at least one image.*60 not wanted|99\.png"):
        load_dataset(album, photo_map=PhotoMap("refused", refuse, "not wanted", (20, 30)))


def test_photos_of_the_aligned_size_are_known_to_be_aligned(album, tmp_path):
    assert load_dataset(album).provenance["aligned"] is False
    (tmp_path / "aligned").mkdir()
    for number in range(3):
        picture = Image.open(album / f"{number + 20}.png").resize(ALIGNED_SIZE)
        picture.save(tmp_path / "aligned" / f"{number}.png")
    dataset = load_dataset(tmp_path / "aligned", image_size=(16, 16))
    assert dataset.provenance["aligned"] is True


def unchanged(photo, landmarks):
    return photo


SAME = PhotoMap("unchanged", unchanged, "not wanted", (20, 30))


def test_the_limit_of_pixels_is_that_of_photos_that_are_not_mapped(album):
    Image.linear_gradient("L").resize((40, 30)).save(album / "99.png")
    dataset = load_dataset(album, photo_map=SAME, max_pixels=1_000)
    assert dataset.provenance["account"]["left_out"] == {
        "damaged": [
            1,
            ["99.png: too large: 30×40 = 1,200 pixels are more than `max_pixels=1000`"],
        ]
    }


def test_a_raised_limit_of_pixels_admits_larger_photos(album, monkeypatch):
    from keras_vae.files import image_file

    checked = []
    monkeypatch.setattr(image_file, "check_pixels", lambda *size: checked.append(size[2]))
    load_dataset(album, photo_map=SAME, max_pixels=10**9)
    assert set(checked) == {10**9}


def test_conversions_are_noted_once_as_of_photos_that_are_not_mapped(album):
    ramp = np.linspace(0, 65_535, 600).reshape(20, 30).astype(np.uint16)
    Image.fromarray(ramp).save(album / "wide.png")
    frames = [Image.fromarray(np.full((20, 30), 90 * n, np.uint8)) for n in (1, 2)]
    frames[0].save(album / "frames.gif", save_all=True, append_images=frames[1:])
    plain, mapped = (load_dataset(album, photo_map=each) for each in (None, SAME))
    np.testing.assert_array_equal(mapped.images, plain.images)
    notes = mapped.provenance["account"]["notes"]
    assert notes == plain.provenance["account"]["notes"]
    assert notes == [
        "1 file holds more than one page or frame; the first is used (frames.gif)",
        "1 image is converted from grey levels to RGB (wide.png)",
        "pixels of 0 … 65535 (uint16) were converted to 0 … 255",
    ]
