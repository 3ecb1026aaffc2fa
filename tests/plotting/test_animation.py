import numpy as np
import pytest
from PIL import Image

from keras_vae import plotting


def slopes(count, size=(40, 60)):
    """Pictures of slowly changing colour, a little different each."""
    y, x = np.mgrid[0 : size[0], 0 : size[1]] / max(size)
    return [
        Image.fromarray(
            np.stack([200 * x, 60 + 120 * y, 250 - 200 * x * shift], axis=-1).astype(np.uint8)
        )
        for shift in np.linspace(0.2, 1, count)
    ]


def frames_of(path):
    """The frames of a GIF, as a viewer shows them."""
    with Image.open(path) as gif:
        frames = []
        for number in range(gif.n_frames):
            gif.seek(number)
            frames.append(np.asarray(gif.convert("RGB")).astype(int))
        return frames


def blurred(pixels):
    """Means of 5×5 pixels, in which dithering averages out."""
    height, width = (side // 5 * 5 for side in pixels.shape[:2])
    blocks = pixels[:height, :width].reshape(height // 5, 5, width // 5, 5, -1)
    return blocks.mean(axis=(1, 3))


def test_frames_come_back(tmp_path):
    frames = slopes(6)
    path = plotting.save_gif(frames, tmp_path / "slopes.gif")
    shown = frames_of(path)
    assert len(shown) == 6
    for seen, frame in zip(shown, frames, strict=True):
        expected = np.asarray(frame).astype(float)
        assert np.abs(seen - expected).mean() < 6
        assert np.abs(blurred(seen) - blurred(expected)).mean() < 1.5
    nearest = [
        np.argmin([np.abs(blurred(seen) - blurred(np.asarray(frame))).mean() for frame in frames])
        for seen in shown
    ]
    assert nearest == list(range(6))


def test_slow_colours_do_not_band(tmp_path):
    """Along a row of a band, neighbours are of one colour; dithered ones alternate."""
    ramp = np.zeros((64, 256, 3), np.uint8)
    ramp[..., 0] = np.linspace(90, 120, 256)
    ramp[..., 1] = np.linspace(60, 80, 64)[:, None]
    frames = [Image.fromarray(ramp), *slopes(7, (64, 256))]  # the others take up the palette
    seen = frames_of(plotting.save_gif(frames, tmp_path / "ramp.gif"))[0]
    assert np.abs(blurred(seen) - blurred(ramp.astype(float))).max() < 4


def test_grey_frames_black_and_white_keep_their_values(tmp_path):
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16).repeat(4, 0).repeat(4, 1)
    seen = frames_of(plotting.save_gif([Image.fromarray(levels)] * 1, tmp_path / "grey.gif"))[0]
    assert np.abs(seen - levels[..., None].astype(int)).max() <= 8
    page = Image.new("RGB", (90, 40), "white")
    page.paste(slopes(1, (20, 30))[0], (0, 0))
    page.paste(Image.new("RGB", (20, 20), "black"), (60, 15))
    seen = frames_of(plotting.save_gif([page], tmp_path / "page.gif"))[0]
    assert (seen[:, 85:] == 255).all()
    assert (seen[16:35, 62:80] == 0).all()


def test_it_loops_at_twelve_frames_a_second_or_so(tmp_path):
    with Image.open(plotting.save_gif(slopes(3), tmp_path / "a.gif")) as gif:
        assert gif.info["loop"] == 0
        assert 11 < 1000 / gif.info["duration"] < 13


def test_there_and_back_has_no_jump_and_no_stop():
    assert plotting.there_and_back([1, 2, 3, 4]) == [1, 2, 3, 4, 3, 2]
    assert plotting.there_and_back([1, 2]) == [1, 2]
    assert plotting.there_and_back([1]) == [1]


def test_sweep_is_finer_than_the_picture():
    values = plotting.sweep((2.0, -3.0, 0.0))
    assert (values[0], values[-1]) == (-3.0, 2.0)
    np.testing.assert_allclose(np.diff(values), 5 / (len(values) - 1))
    assert len(values) >= 25
    assert len(plotting.sweep(np.linspace(-3, 3, 61))) == 121


def test_wrong_frames_and_paths_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must end in \.gif.*a\.png"):
        plotting.save_gif(slopes(1), tmp_path / "a.png")
    with pytest.raises(ValueError, match="Received: none"):
        plotting.save_gif([], tmp_path / "a.gif")
    with pytest.raises(ValueError, match=r"tall\.gif: GIF does not take a picture of 1×70000 "):
        plotting.save_gif([Image.new("RGB", (1, 70_000))], tmp_path / "tall.gif")
    with pytest.raises(ValueError, match="one size"):
        plotting.save_gif([*slopes(1), *slopes(1, (5, 5))], tmp_path / "a.gif")
    path = tmp_path / "b.gif"
    path.write_bytes(b"precious")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        plotting.save_gif(slopes(1), path)
    assert path.read_bytes() == b"precious"
    assert [file.name for file in tmp_path.iterdir()] == ["b.gif"]
