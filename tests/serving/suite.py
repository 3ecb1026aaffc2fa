"""Requirements on a model on a server; the same tests run on a stand-in and on a real server."""

from __future__ import annotations

import numpy as np
import pytest

from keras_vae.inference import model as model_module
from keras_vae.inference.remote import connect


class Suite:
    """Tests of a server; a subclass has fixtures `address` and `local`.

    `address` is that of a server of `local`, a model in this process with attributes, convolutions
    and a fitted prior, under its own name.
    """

    @pytest.fixture
    def remote(self, address, local):
        return connect(address, local.name)

    @pytest.fixture
    def pixels(self, local):
        return local.sample([3, 1, 4, 1, 5])[0]

    def test_facts_are_those_of_the_model(self, remote, local):
        assert remote.image_shape == local.image_shape
        assert remote.latent_dim == local.latent_dim
        assert {name: set(inputs) for name, inputs in remote.endpoints.items()} == {
            name: set(inputs) for name, inputs in local.endpoints.items()
        }
        assert remote.has_prior("normal")
        assert remote.has_prior("gmm") == local.has_prior("gmm")
        assert remote.describes_itself == ("describe" in local.endpoints)
        if remote.describes_itself:
            assert remote.metadata == local.metadata
            assert remote.attributes.names == local.attributes.names
            same(remote.attributes.directions, local.attributes.directions)

    def test_every_result_is_that_of_the_model_bit_for_bit(self, remote, local, pixels):
        for found, expected in zip(remote.encode(pixels), local.encode(pixels), strict=True):
            same(found, expected)
        same(remote.reconstruct(pixels), local.reconstruct(pixels))
        for prior in ("normal", "gmm"):
            generated = (
                remote.sample([0, 2**62], 0.7, prior),
                local.sample([0, 2**62], 0.7, prior),
            )
            for found, expected in zip(*generated, strict=True):
                same(found, expected)
        maps, expected = remote.feature_maps(pixels[:1]), local.feature_maps(pixels[:1])
        assert list(maps) == list(expected)
        for name, features in maps.items():
            same(features, expected[name])
        name = local.attributes.names[-1]
        same(remote.direction(name), local.direction(name))

    def test_floats_keep_their_last_bit(self, remote, local):
        awkward = np.float32([1 / 3, 1e-30, 3.0, -0.0, 5.4321098, 1e-42])
        z = np.resize(awkward, (2, local.latent_dim)).astype(np.float32)
        z[1] = np.random.default_rng(0).normal(size=local.latent_dim)
        pixels = np.zeros((2, *local.image_shape), np.uint8)
        found, expected = (model.log_likelihood(pixels, z[:, None]) for model in (remote, local))
        same(found, expected)

    def test_batches_are_those_of_the_model(self, remote, local, pixels, monkeypatch):
        monkeypatch.setattr(model_module.Model, "batch", 2)
        same(remote.encode(pixels)[0], local.encode(pixels)[0])
        assert remote.encode(pixels)[0].shape == (5, local.latent_dim)

    def test_photos_travel_as_bytes(self, remote, local, pixels):
        from tests.encoding import encode_png

        photos = [encode_png(image) for image in pixels]
        inputs = {"attribute": [local.attributes.names[0]] * 5, "strength": np.arange(5) / 2}
        found = remote.call("morph", image_bytes=photos, **inputs)["image_bytes"]
        assert list(found) == list(local.call("morph", image_bytes=photos, **inputs)["image_bytes"])

    def test_an_empty_batch_has_an_empty_answer(self, remote):
        images, z = remote.sample([])
        assert images.shape == (0, *remote.image_shape)
        assert z.shape == (0, remote.latent_dim)

    def test_errors_have_the_messages_of_the_model(self, remote, local):
        for call in (
            lambda model: model.decode(np.full((1, model.latent_dim), np.nan)),
            lambda model: model.call("encode", image_bytes=[b"no image"]),
            lambda model: model.call("directions", attribute=["Smilin"]),
            lambda model: model.call("morf"),
            lambda model: model.call("decode"),
        ):
            messages = []
            for model in (remote, local):
                with pytest.raises(ValueError) as raised:  # noqa: PT011
                    call(model)
                messages.append(str(raised.value))
            assert messages[0] == messages[1]
            assert len(messages[0].splitlines()) == 1

    def test_it_lives_on_after_an_error(self, remote, local, pixels):
        with pytest.raises(ValueError, match="Received: nobody"):
            remote.call("directions", attribute=["nobody"])
        same(remote.encode(pixels)[0], local.encode(pixels)[0])

    def test_an_unknown_name_is_refused(self, address):
        with pytest.raises(ValueError, match=rf"{address} has no model 'nobody' ready.*nobody"):
            connect(address, "nobody", timeout=60)

    def test_a_version_is_requested(self, address, local):
        assert connect(address, f"{local.name}/{local.version}").latent_dim == local.latent_dim
        with pytest.raises(ValueError, match=rf"no model '{local.name}/77' ready"):
            connect(address, f"{local.name}/77", timeout=60)


def same(found, expected):
    """Demand the same bits: −0 is not 0, and a NaN is itself."""
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    assert found.tobytes() == expected.tobytes()
