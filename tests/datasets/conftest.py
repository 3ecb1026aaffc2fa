"""Small data sets in the layouts of the real ones, and a separate cache for every test."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from tests.datasets.layouts import Faces


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """No test sees the user's cache, or another test's."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("KVAE_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def digit_images():
    return np.rint(load_digits().images * (255 / 16)).astype(np.uint8)


@pytest.fixture
def faces(digit_images):
    return Faces(digit_images)


@pytest.fixture(params=["zip", "folder", "kaggle", "drive"])
def celeba_dir(request, faces, tmp_path):
    """CelebA in each layout; "drive" has the folders of the official download."""
    folder = tmp_path / request.param
    if request.param == "drive":
        faces.write_lists(folder / "Anno")
        (folder / "Eval").mkdir()
        (folder / "Anno/list_eval_partition.txt").rename(folder / "Eval/list_eval_partition.txt")
        (folder / "Img").mkdir()
        faces.write_zip(folder / "Img")
        return folder
    faces.write_lists(folder, comma=request.param == "kaggle")
    if request.param == "zip":
        faces.write_zip(folder)
    else:
        nested = "img_align_celeba/" * (2 if request.param == "kaggle" else 1)
        faces.write_folder(folder / nested)
    return folder
