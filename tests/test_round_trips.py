"""What is written is read again as it was: presets, lists, archives, latents, histories."""

import csv
import io
import json
import zipfile
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from keras_vae.datasets.lists import attribute, read_list
from keras_vae.files.archives import Archive
from keras_vae.files.arrays import ArraysFile, read_arrays
from keras_vae.files.tables import csv_text
from keras_vae.latent_space.attributes import Attributes
from keras_vae.latent_space.priors import GaussianMixturePrior
from keras_vae.presets import PRESETS, get_preset
from keras_vae.presets.preset import Preset
from keras_vae.training.config_file import config_text, read_config
from keras_vae.training.position import POSITION, Position, add_position, read_position
from keras_vae.training.run_directory import Run, RunConfig
from tests.searching import profiles, search

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
POSITIVE = st.floats(1e-6, 1e6)
NAMES = st.text("abcXYZ0159_-. äß", min_size=1, max_size=12).map(str.strip).filter(bool)


def matrices(rows):
    return st.tuples(rows, st.integers(1, 5)).flatmap(
        lambda shape: arrays.arrays(np.float32, shape, elements=FLOATS)
    )


@profiles
def test_presets_and_configurations(profile, tmp_path):
    def check(name, changes, texts):
        preset = get_preset(name).override(**changes)
        assert Preset.from_dict(json.loads(json.dumps(preset.to_dict()))) == preset
        config = RunConfig(preset=preset, versions={}, **texts)
        (tmp_path / "run.yaml").write_text(config_text(config), encoding="utf-8")
        again = read_config(tmp_path / "run.yaml", RunConfig)
        assert again.preset == preset
        assert {name: getattr(again, name) for name in texts} == texts
        run = Run(tmp_path)
        run.write_config(config)
        assert run.config() == config

    changes = {
        "latent_dim": st.integers(1, 10**6),
        "epochs": st.integers(1, 10**6),
        "batch_size": st.integers(1, 10**6),
        "learning_rate": POSITIVE,
    }
    texts = {
        "dataset": st.text(min_size=1),
        "data_dir": st.none() | st.text(),
        "seed": st.integers(0, 2**32 - 1),
    }
    search(
        profile,
        check,
        5,
        name=st.sampled_from(sorted(PRESETS)),
        changes=st.fixed_dictionaries({}, optional=changes),
        texts=st.fixed_dictionaries(texts),
    )


@profiles
def test_lists(profile):
    """As CelebA writes them, and with commas, tabs and semicolons."""

    def check(names, columns, data, separator, endings):
        table = data.draw(
            arrays.arrays(np.int8, (len(names), len(columns)), elements=st.sampled_from([-1, 1]))
        )
        rows = [
            separator.join([f"{name}.jpg", *map(str, row)])
            for name, row in zip(names, table, strict=True)
        ]
        head = ["id", *columns] if separator != " " else columns
        text = endings.join([*([str(len(rows))] * (separator == " ")), separator.join(head), *rows])
        found = read_list("list.txt", text.encode())
        assert found.columns == tuple(columns)
        assert found.names == [f"{name}.jpg" for name in names]
        np.testing.assert_array_equal(found.values(range(len(names)), attribute), table)

    words = st.from_regex(r"[A-Za-zäß][A-Za-z_äß]{0,8}", fullmatch=True)
    search(
        profile,
        check,
        10,
        names=st.lists(words.map(str.casefold), min_size=1, max_size=9, unique=True),
        columns=st.lists(words, min_size=1, max_size=4, unique=True),
        data=st.data(),
        separator=st.sampled_from([" ", ",", ";", "\t"]),
        endings=st.sampled_from(["\n", "\r\n"]),
    )


@profiles
def test_archives(profile, tmp_path):
    def check(contents, method):
        path = tmp_path / "set.zip"
        with zipfile.ZipFile(path, "w", method) as file:
            for name, content in contents.items():
                file.writestr(zipfile.ZipInfo(name), content, method)
        archive = Archive(path)
        assert set(archive.members) == set(contents)
        assert dict(zip(contents, archive.read_each(list(contents)), strict=True)) == contents

    parts = st.from_regex(r"[a-zäß0-9_][a-zäß0-9_ .]{0,7}", fullmatch=True)
    paths = st.lists(parts, min_size=1, max_size=3).map("/".join)
    search(
        profile,
        check,
        10,
        contents=st.dictionaries(paths, st.binary(max_size=99), max_size=5),
        method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA]),
    )


@profiles
def test_latents(profile, tmp_path):
    """In an .npz file written batch by batch, and in a table."""

    def check(z, names, cuts):
        texts = [names[row % len(names)] for row in range(len(z))]
        edges = sorted({0, *(min(cut, len(z)) for cut in cuts), len(z)})
        with ArraysFile(tmp_path / "z.npz") as file:
            for start, stop in pairwise(edges):
                file.write({"z": z[start:stop], "name": texts[start:stop]})
        found = read_arrays(tmp_path / "z.npz")
        np.testing.assert_array_equal(found["z"], z)
        assert found["name"].tolist() == texts
        table = csv_text([{"name": name, "z": row} for name, row in zip(texts, z, strict=True)])
        rows = list(csv.DictReader(io.StringIO(table)))
        assert [row.pop("name") for row in rows] == texts
        read = np.array([list(row.values()) for row in rows]).astype(np.float32)
        np.testing.assert_array_equal(read.reshape(z.shape), z)

    search(
        profile,
        check,
        5,
        z=matrices(st.integers(1, 9)),
        names=st.lists(NAMES, min_size=1, max_size=4),
        cuts=st.lists(st.integers(1, 8), max_size=3),
    )


@profiles
def test_directions_and_priors(profile, tmp_path):
    def check(directions, names):
        names = tuple(f"{names[0]}{row}" for row in range(len(directions)))
        Attributes(names, directions).save(tmp_path / "a.npz", overwrite=True)
        found = Attributes.load(tmp_path / "a.npz")
        assert found.names == names
        np.testing.assert_array_equal(found.directions, directions)
        count, size = directions.shape
        scale = np.repeat(np.eye(size, dtype=np.float32)[None], count, axis=0)
        weights = np.full(count, 1 / count, np.float32)
        GaussianMixturePrior(weights, directions, scale).save(tmp_path / "p.npz", overwrite=True)
        prior = GaussianMixturePrior.load(tmp_path / "p.npz")
        np.testing.assert_array_equal(prior.means, directions)
        np.testing.assert_array_equal(prior.scale_tril, scale)

    names = st.lists(NAMES, min_size=1, max_size=1)
    search(profile, check, 5, directions=matrices(st.integers(1, 4)), names=names)


@profiles
def test_histories_and_positions(profile, tmp_path):
    losses = st.floats(width=64, allow_nan=True)

    def check(rows, step):
        history = [
            {"epoch": 1 + epoch, "loss": loss, "val_loss": val_loss}
            for epoch, (loss, val_loss) in enumerate(rows)
        ]
        run = Run(tmp_path)
        run.write_history(history)
        assert repr(run.history()) == repr(history)
        with zipfile.ZipFile(tmp_path / "last.keras", "w") as archive:
            add_position(archive, Position(len(rows), step, 9, history))
            assert POSITION in archive.namelist()
        position = read_position(tmp_path / "last.keras")
        assert repr(list(position.history)) == repr(history)
        assert (position.epoch, position.step) == (len(rows), step)

    row = st.tuples(losses, losses)
    search(profile, check, 5, rows=st.lists(row, min_size=1, max_size=4), step=st.integers(0, 8))
