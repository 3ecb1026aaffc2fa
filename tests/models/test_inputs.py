"""Images as Keras users have them, and what is refused."""

import logging

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.models import VAE
from keras_vae.models.inputs import unpack
from keras_vae.presets import get_preset
from keras_vae.training.distribution import make_strategy

SMALL = get_preset("mnist").override(image_size=(8, 8), hidden=(16,), latent_dim=3)
BATCH = 64


def compiled(preset=SMALL):
    keras.utils.set_random_seed(0)
    vae = VAE.from_preset(preset, seed=0)
    vae.compile(optimizer=keras.optimizers.Adam(1e-2), jit_compile=False)
    return vae


@pytest.fixture(scope="module")
def images(digits):
    return digits.images[:256]


@pytest.fixture(scope="module")
def labels(digits):
    return digits.labels[:256]


def fitted(x, *arguments, vae=None, **options):
    """Two epochs in order: the losses, and the weights that come of it."""
    vae = vae or compiled()
    options = {"batch_size": BATCH, "epochs": 2, "shuffle": False, "verbose": 0, **options}
    if not isinstance(x, np.ndarray | tf.Tensor | dict):
        options.pop("batch_size")
    history = vae.fit(x, *arguments, **options).history
    return history, vae.get_weights()


@pytest.fixture(scope="module")
def reference(images):
    return fitted(images)


def assert_same_training(received, expected):
    for name, values in expected[0].items():
        np.testing.assert_allclose(received[0][name], values, rtol=1e-3, err_msg=name)
    for one, other in zip(received[1], expected[1], strict=True):
        np.testing.assert_allclose(one, other, atol=2e-2)


FORMS = {
    "float of 0 … 1": lambda x: x / np.float32(255),
    "double of 0 … 1": lambda x: x / 255.0,
    "half of 0 … 255": lambda x: x.astype(np.float16),
    "float of 0 … 255": lambda x: x.astype(np.float32),
    "float of −1 … 1": lambda x: (x / 127.5 - 1).astype(np.float32),
    "integers": lambda x: x.astype(np.int64),
    "16 bits": lambda x: x.astype(np.uint16) * 257,
    "a tensor": lambda x: tf.constant(x / np.float32(255)),
    "gray images without an axis for channels": lambda x: x[..., 0],
}


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_arrays_of_any_range_train_the_same_model(form, images, reference):
    assert_same_training(fitted(FORMS[form](images)), reference)


def dataset(*arrays):
    return tf.data.Dataset.from_tensor_slices(arrays if len(arrays) > 1 else arrays[0]).batch(BATCH)


class Batches(keras.utils.PyDataset):
    def __init__(self, x):
        super().__init__()
        self.x = x

    def __len__(self):
        return -(-len(self.x) // BATCH)

    def __getitem__(self, row):
        batch = self.x[row * BATCH : (row + 1) * BATCH]
        return batch, np.zeros(len(batch))


def generator(x):
    while True:
        for row in range(0, len(x), BATCH):
            yield x[row : row + BATCH], np.zeros(len(x[row : row + BATCH]))


DATA = {
    "a data set": lambda x, y: dataset(x),
    "with labels": lambda x, y: dataset(x, y),
    "as TensorFlow Datasets yields it": lambda x, y: dataset({"image": x, "label": y}),
    "an autoencoder's pairs": lambda x, y: dataset(x, x),
    "a PyDataset": lambda x, y: Batches(x),
}


@pytest.mark.slow
@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("form", ["uint8", "float of 0 … 1", "float of 0 … 255"])
def test_data_sets_train_the_same_model(data, form, images, labels, reference):
    x = FORMS.get(form, lambda x: x)(images)
    assert_same_training(fitted(DATA[data](x, labels)), reference)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["uint8", "float of 0 … 1", "float of 0 … 255"])
def test_each_batch_of_a_generator_has_its_range_recognized(form, images, reference):
    x = FORMS.get(form, lambda x: x)(images)
    assert_same_training(fitted(generator(x), steps_per_epoch=4), reference)


@pytest.mark.slow
def test_arrays_in_a_dictionary_and_labels_are_taken(images, labels, reference):
    assert_same_training(fitted(images, labels), reference)
    assert_same_training(fitted({"image": images, "label": labels}), reference)


class Converted:
    """What NumPy can convert, and nothing else."""

    def __init__(self, x):
        self.x, self.shape, self.dtype = x, x.shape, x.dtype

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.x, dtype)

    def __len__(self):
        return len(self.x)


@pytest.fixture
def in_a_file(tmp_path):
    with h5py.File(tmp_path / "images.h5", "w") as file:
        yield lambda x: file.create_dataset("images", data=x)


@pytest.mark.parametrize("form", ["in_a_file", Converted, tf.Variable, np.asarray])
def test_arrays_of_any_kind_are_shuffled_and_have_one_range(form, images, caplog, logged, request):
    form = request.getfixturevalue(form) if isinstance(form, str) else form
    x, vae, seen = form(FORMS["float of −1 … 1"](images)), compiled(), []

    def step(data):
        seen.append(vae.batch_of(data, "train")[0].numpy())
        return {"loss": tf.zeros(())}

    vae.train_step, vae.run_eagerly = step, True
    with caplog.at_level(logging.WARNING, "keras_vae"):
        vae.fit(x, batch_size=len(images), verbose=0)
        vae.fit(x, batch_size=len(images), shuffle=False, verbose=0)
    assert logged() == ["mnist: images are read as −1 … 1, by their values."]
    np.testing.assert_allclose(seen[1], images, atol=1e-3)
    assert not np.allclose(seen[0], images, atol=1e-3)
    np.testing.assert_allclose(*(np.sort(each, axis=None) for each in seen), atol=1e-3)


@pytest.mark.parametrize("phase", ["train", "test"])
def test_a_line_says_that_each_batch_of_a_generator_decides(phase, images, caplog, logged):
    vae, line = compiled(), "mnist: images are read as 0 … 1 or 0 … 255 batch by batch, by their"
    with caplog.at_level(logging.WARNING, "keras_vae"):
        vae.fit(generator(images), steps_per_epoch=1, verbose=0)
        assert not logged()
        for _ in range(2):
            unit = generator(images / np.float32(255))
            if phase == "train":
                vae.fit(unit, steps_per_epoch=1, verbose=0)
            else:
                vae.evaluate(unit, steps=1, verbose=0)
    assert [each.startswith(line) for each in logged()] == [True]


def test_a_folder_of_images_is_taken(photos, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number, photo in enumerate(photos[:12]):
            keras.utils.save_img(tmp_path / name / f"{number}.png", photo, scale=False)
    folder = keras.utils.image_dataset_from_directory(
        tmp_path, image_size=(32, 32), batch_size=8, shuffle=False, verbose=False
    )
    vae = compiled(get_preset("celeba").override(filters=(4, 4), latent_dim=3))
    vae.predict(folder, verbose=0)
    measured = vae.evaluate(folder, verbose=0, return_dict=True)
    same = np.concatenate([photos[:12]] * 2)
    expected = vae.evaluate(same, batch_size=8, verbose=0, return_dict=True)
    assert measured["mse"] == pytest.approx(expected["mse"], rel=1e-2)


def test_the_range_is_logged_in_one_line_once(images, caplog, logged):
    vae = compiled()
    unit = images / np.float32(255)
    with caplog.at_level(logging.WARNING, "keras_vae"):
        for _ in range(2):
            fitted(unit, vae=vae, validation_data=(unit, None))
            vae.evaluate(unit, verbose=0)
            vae.reconstruct(unit[:2])
            vae.encode(images[:2])
        assert logged() == ["mnist: images are read as 0 … 1, by their values."]
        vae.evaluate(images.astype("float32"), verbose=0)
    assert logged()[-1].startswith("mnist: images are read as 0 … 255")


@pytest.mark.slow
def test_training_and_validation_may_have_other_ranges(images):
    unit = images / np.float32(255)
    history, _ = fitted(images, validation_data=(unit, None))
    other, _ = fitted(unit, validation_data=images.astype("float32"))
    np.testing.assert_allclose(history["val_loss"], other["val_loss"], rtol=1e-3)
    split, _ = fitted(unit, validation_split=0.25)
    same, _ = fitted(images, validation_split=0.25)
    np.testing.assert_allclose(split["val_loss"], same["val_loss"], rtol=1e-3)


@pytest.mark.slow
def test_another_range_traces_the_steps_again(images):
    vae = compiled()
    losses = [
        vae.evaluate(x, verbose=0, return_dict=True)["mse"]
        for x in (images, images / 255.0, images.astype("float32"), images / np.float32(255))
    ]
    np.testing.assert_allclose(losses, losses[0], rtol=0.02)  # but for the noise
    batches = [images[:9], images[:9] / 255.0, images[:9] / 127.5 - 1]
    mses = [vae.test_on_batch(x, return_dict=True)["mse"] for x in batches]
    np.testing.assert_allclose(mses, mses[0], rtol=0.2)
    vae.train_on_batch(images[:9] / 255.0)


def test_other_methods_take_the_same_images(images):
    vae = compiled()
    for form in FORMS.values():
        x = form(images[:5])
        np.testing.assert_allclose(vae.encode(x).mean, vae.encode(images[:5]).mean, atol=1e-3)
        np.testing.assert_array_equal(vae.reconstruct(x), vae.reconstruct(images[:5]))
        assert vae(x).shape == (5, 8, 8, 1)
        assert vae.predict(x, verbose=0).max() > 100


def test_a_graph_of_your_own_recognizes_the_range_of_a_batch(images):
    vae = compiled()
    encode = tf.function(lambda x: vae.encode(x).mean)
    for form in ("float of 0 … 1", "float of 0 … 255"):
        x = tf.constant(FORMS[form](images[:5]))
        np.testing.assert_allclose(encode(x), vae.encode(images[:5]).mean, atol=1e-3)
    with pytest.raises(tf.errors.InvalidArgumentError, match="`x` must be uint8, whole numbers"):
        encode(tf.constant(images[:5] * np.float32(2)))


@pytest.mark.slow
@pytest.mark.parametrize("form", ["uint8", "float of 0 … 1"])
def test_two_replicas_understand_the_same_images(form, images):
    x = FORMS.get(form, lambda x: x)(images)
    with make_strategy("mirrored").scope():
        vae = compiled()
    mirrored = vae.fit(dataset(x), epochs=3, verbose=0).history["loss"]
    single = compiled().fit(dataset(images), epochs=3, verbose=0).history["loss"]
    np.testing.assert_allclose(mirrored, single, rtol=0.05)


def with_nan(x):
    x = x / np.float32(255)
    x[3, 2, 1] = np.nan
    return x


WRONG = {
    "NaN": (with_nan, "values that are NaN"),
    "standardized": (
        lambda x: (x - x.mean()) / x.std(),
        r"values from -\d.*standardized images; take the",
    ),
    "interpolated": (lambda x: x / 240.0 - 0.05, r"np\.clip\(images, 0, 1\)"),
    "infinite": (lambda x: np.where(x > 127, np.inf, 0.0), "values that are NaN or infinite"),
    "scikit-learn's digits": (lambda x: x / 16.0, "values from 0 to 15.*divide by the largest"),
    "ones of uint8": (lambda x: (x > 127).astype(np.uint8), "from 0 to 1, which would be almost"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_not_understood_is_refused_with_what_would_be(kind, images):
    make, words = WRONG[kind]
    x = make(images)
    vae = compiled()
    methods = (vae.fit, vae.evaluate, vae.predict, vae.train_on_batch, vae.test_on_batch)
    for refused in methods:
        with pytest.raises(ValueError, match=rf"`x` must be uint8.*Received: .*{words}"):
            refused(x)
    with pytest.raises(ValueError, match=r"`validation_data` must be"):
        vae.fit(images, validation_data=(x, None), verbose=0)
    if kind != "ones of uint8":  # which are not looked at in a data set and in a batch
        with pytest.raises(ValueError, match=words):
            vae.reconstruct(x)
        with pytest.raises(ValueError, match=words):
            vae.fit(dataset(x))


def test_what_has_another_form_is_refused_with_the_cure(images):
    vae = compiled()
    with pytest.raises(ValueError, match=r"Received: a list of 8\. np\.stack\(images\) makes"):
        vae.fit(list(images[:8]), verbose=0)
    with pytest.raises(ValueError, match=r"needs batches: dataset\.batch\(32\)"):
        vae.fit(tf.data.Dataset.from_tensor_slices(images), verbose=0)
    with pytest.raises(ValueError, match=r"`sample_weight` .* Received: 7 weights of 8 images"):
        vae.fit(images[:8], sample_weight=np.ones(7), verbose=0)


def test_words_are_no_images(images):
    with pytest.raises(TypeError, match=r"`x` must be uint8.*Received: <U1"):
        compiled().fit(np.full((4, 8, 8, 1), "a"))


def test_a_later_batch_of_another_range_stops_the_training(images):
    mixed = np.concatenate([images[:BATCH] / np.float32(255), images[:BATCH].astype(np.float32)])
    with pytest.raises(tf.errors.InvalidArgumentError, match="the same range in each batch"):
        compiled().fit(dataset(mixed), verbose=0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: x.repeat(3, axis=-1), r"\(64, 8, 8, 3\)"),
        (lambda x: x[:, :7], r"\(64, 7, 8, 1\)"),
        (lambda x: x.reshape(-1, 64), r"\(64, 64\)"),
        (lambda x: x.transpose(0, 3, 1, 2), r"\(64, 1, 8, 8\)"),
    ],
)
def test_images_of_another_shape_are_refused(change, words, images):
    with pytest.raises(ValueError, match=rf"images of shape \(8, 8, 1\) \(height.*{words}"):
        compiled().fit(change(images), batch_size=BATCH, verbose=0)


def test_one_image_without_a_batch_is_refused_with_the_cure(images):
    with pytest.raises(ValueError, match=r"first axis: images\[np\.newaxis\]"):
        compiled().encode(images[0])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"picture": 1, "label": 2}, "the key 'image'. Received: the keys 'picture', 'label'"),
        (([1, 2, 3],), "Received: 3 arrays"),
    ],
)
def test_other_structures_are_refused(data, words):
    with pytest.raises(ValueError, match=words):
        unpack(data)


def test_structures_are_unpacked():
    assert unpack(1) == (1, None, None)
    assert unpack((1, 2)) == (1, 2, None)
    assert unpack((1, 2, 3)) == (1, 2, 3)
    assert unpack({"image": 1, "label": 2, "id": 3}) == (1, 2, None)
    assert unpack(({"image": 1, "label": 2}, 4)) == (1, 4, None)
    assert unpack(([1, 2], None, 3)) == (1, 2, 3)
    assert unpack(([1],)) == (1, None, None)


def test_sample_weights_multiply_the_loss_and_weigh_the_error(images):
    vae = compiled(SMALL.override(stochastic=False))
    weights = np.r_[np.full(128, 2.0), np.zeros(128)]

    def measured(x, w=None):
        return vae.evaluate(x, sample_weight=w, batch_size=100, verbose=0, return_dict=True)

    half, weighted = measured(images[:128]), measured(images, weights)
    for name, value in half.items():  # 128 · 2 of 256
        assert weighted[name] == pytest.approx(value, rel=1e-4)
    twice = measured(images, np.full(256, 2.0))
    plain = measured(images)
    assert twice["loss"] == pytest.approx(2 * plain["loss"], rel=1e-4)
    assert twice["mse"] == pytest.approx(plain["mse"], rel=1e-4)


@pytest.mark.usefixtures("without_noise")
def test_images_of_weight_zero_train_nothing(images, labels):
    steps = []
    weights = np.r_[np.ones(32), np.zeros(32)].astype(np.float32)
    for data in ((images[:64], labels[:64], weights), (images[:32], labels[:32], weights[:32] / 2)):
        vae = compiled(SMALL.override(stochastic=False))
        vae.compile(optimizer=keras.optimizers.SGD(0.01), jit_compile=False)
        before = vae.get_weights()
        batch = tf.data.Dataset.from_tensors(data)
        vae.fit(batch, verbose=0)
        steps.append([a - b for a, b in zip(vae.get_weights(), before, strict=True)])
    for one, other in zip(*steps, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_class_weights_are_sample_weights(images, labels):
    vae = compiled(SMALL.override(stochastic=False))
    vae.optimizer.learning_rate = 0.0
    only = vae.fit(images, labels, class_weight={k: float(k == 3) for k in range(10)}, verbose=0)
    threes = labels == 3
    alone = vae.evaluate(images[threes], verbose=0, return_dict=True)["loss"]
    assert only.history["loss"][0] == pytest.approx(alone * threes.mean(), rel=1e-4)


@pytest.mark.parametrize("shape", [(64, 2), (64, 8, 8)])
def test_weights_of_pixels_are_refused(shape, images):
    with pytest.raises(ValueError, match=r"`sample_weight` must have one weight .*Received: shape"):
        compiled().fit(images[:64], sample_weight=np.ones(shape), batch_size=64, verbose=0)


def test_a_loss_of_compile_is_refused(images):
    vae = compiled()
    vae.compile(optimizer="adam", loss="mse")
    for method in (vae.fit, vae.evaluate, vae.train_on_batch, vae.test_on_batch):
        with pytest.raises(ValueError, match=r"`loss` of `compile` must be None.*'mse'"):
            method(images)


def test_uint8_of_0_and_1_is_encoded_with_a_word(images, caplog):
    vae, binary = compiled(), (images[:4] > 128).astype(np.uint8)
    for read in (vae.encode, vae.reconstruct):
        read(binary)
        assert "`x` are almost black: values up to 1 of 255" in caplog.text
        caplog.clear()
    assert vae.encode(binary[:1] * 0).mode().shape == (1, 3)
    assert not caplog.text
