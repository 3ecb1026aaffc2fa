import numpy as np
import pytest

from keras_vae.latent_space.attributes import Attributes, cosines

NAMES = ("Male", "Smiling", "Young")


def mean_difference(z, labels):
    """The directions of the mean differences, for any number of attributes."""
    return Attributes.fit(z, labels, [str(number) for number in range(labels.shape[1])]).directions


def degrees(first, second):
    return np.degrees(np.arccos(cosines(np.stack([first, second]))[0, 1]))


def test_mean_difference_finds_the_shift_between_groups(study):
    z, labels, shifts = study
    np.testing.assert_allclose(mean_difference(z, labels), shifts, atol=0.1)


def test_mean_difference_is_that_of_the_group_means(study):
    z, labels, _ = study
    naive = [z[column > 0].mean(0) - z[column <= 0].mean(0) for column in labels.T]
    np.testing.assert_allclose(mean_difference(z, labels), naive, atol=1e-5)


def test_lacking_is_the_opposite_of_having(study):
    z, labels, _ = study
    np.testing.assert_allclose(mean_difference(z, -labels), -mean_difference(z, labels), atol=1e-5)


def test_labels_of_0_and_1_mean_the_same_as_signs(study):
    z, labels, _ = study
    np.testing.assert_array_equal(mean_difference(z, labels > 0), mean_difference(z, labels))


def test_label_that_never_varies_has_no_direction(study):
    z, labels, _ = study
    labels = labels.copy()
    labels[:, 1] = -1
    fitted = Attributes.fit(z, labels, NAMES)
    assert fitted.names == ("Male", "Young")
    np.testing.assert_array_equal(fitted.directions, mean_difference(z, labels[:, [0, 2]]))
    assert fitted.counts.sum(axis=1).tolist() == [20_000, 20_000]
    assert fitted.counts[1, 0] == (labels[:, 2] > 0).sum()


def test_lengths_must_agree(study):
    z, labels, _ = study
    with pytest.raises(ValueError, match=r"\[19999, 5\] and \[20000, 3\]"):
        Attributes.fit(z[1:], labels, NAMES)


def test_logistic_recovers_a_planted_normal_where_the_means_do_not():
    rng = np.random.default_rng(2)
    rotation, _ = np.linalg.qr(rng.normal(size=(8, 8)))
    z = rng.normal(size=(20_000, 8)) * np.linspace(0.5, 2, 8) @ rotation
    normal = rng.normal(size=8) / 2
    labels = rng.random((20_000, 1)) < 1 / (1 + np.exp(-z @ normal[:, None]))
    by_method = {m: Attributes.fit(z, labels, ("a",), method=m) for m in ("mean", "logistic")}
    assert degrees(by_method["logistic"].directions[0], normal) < 5
    assert degrees(by_method["mean"].directions[0], normal) > 20


def test_a_logistic_step_is_as_long_as_the_mean_difference(confounded):
    z, labels, _ = confounded
    mean, logistic = (
        Attributes.fit(z, labels, ("Male", "Tie"), method=method, balance=("Male",)).directions
        for method in ("mean", "logistic")
    )
    lengths = (np.linalg.norm(directions, axis=1) for directions in (mean, logistic))
    np.testing.assert_allclose(*lengths, rtol=1e-5)
    assert (mean != logistic).any()


def test_logistic_scores_are_those_of_the_linear_probes(study):
    from keras_vae.latent_space.probes import linear_probes

    z, labels, _ = study
    train, held_out = (z[:5000], labels[:5000]), (z[5000:], labels[5000:])
    fitted = Attributes.fit(*train, NAMES, method="logistic", held_out=held_out)
    probes = linear_probes(train, held_out, NAMES)
    expected = [(probe.auc, probe.accuracy, probe.balanced_accuracy) for probe in probes]
    np.testing.assert_allclose(fitted.scores, expected, atol=2e-4)


def test_mean_scores_are_those_of_the_nearest_mean():
    z = np.array([[-2.0, 5.0], [-1.0, -5.0], [1.0, 5.0], [2.0, -5.0]])
    labels = np.array([[-1], [-1], [1], [1]])
    held_out = np.array([[-0.1, 0.0], [0.1, 0.0], [0.2, 0.0], [0.3, 0.0]])
    fitted = Attributes.fit(z, labels, ("a",), held_out=(held_out, labels))
    np.testing.assert_allclose(fitted.scores, [[1.0, 0.75, 0.75]])
    alike = Attributes.fit(z, labels, ("a",), held_out=(held_out, np.ones((4, 1))))
    assert np.isnan(alike.scores).all()
    assert Attributes.fit(z, labels, ("a",)).scores is None


@pytest.mark.parametrize("method", ["mean", "logistic"])
def test_balancing_removes_what_a_confounder_added(confounded, method):
    z, labels, shifts = confounded
    names = ("Male", "Tie")
    plain = Attributes.fit(z, labels, names, method=method).direction("Tie")
    balanced = Attributes.fit(z, labels, names, method=method, balance=("Male",)).direction("Tie")
    assert degrees(plain, shifts[1]) > 20
    assert degrees(balanced, shifts[1]) < 3
    assert abs(balanced[0]) < 0.1 * plain[0]


def test_a_balanced_mean_is_the_mean_of_the_differences_within(confounded):
    z, labels, _ = confounded
    balanced = Attributes.fit(z, labels, ("Male", "Tie"), balance=("Male",)).direction("Tie")
    within = [mean_difference(z[group], labels[group][:, 1:]) for group in _by(labels[:, 0])]
    np.testing.assert_allclose(balanced, np.mean(within, axis=0)[0], atol=1e-5)


@pytest.mark.parametrize("method", ["mean", "logistic"])
def test_no_attribute_is_balanced_by_itself(confounded, method):
    z, labels, _ = confounded
    fits = [
        Attributes.fit(z, labels, ("Male", "Tie"), method=method, balance=balance)
        for balance in ((), ("Male",), ("Male", "Male"))
    ]
    for fitted in fits:
        np.testing.assert_array_equal(fitted.direction("Male"), fits[0].direction("Male"))
    assert fits[2].balance == ("Male",)
    np.testing.assert_array_equal(fits[2].directions, fits[1].directions)


def test_an_empty_cell_leaves_the_attribute_out(confounded):
    z, labels, _ = confounded
    tied_men = labels & labels[:, :1]
    fitted = Attributes.fit(z, tied_men, ("Male", "Tie"), balance=("Male",))
    assert fitted.names == ("Male",)
    assert fitted.dot_errors.shape == (1, 1)
    assert Attributes.fit(z, np.ones((len(z), 1)), ("all",)).names == ()


def test_unknown_choices_are_refused(study):
    z, labels, _ = study
    with pytest.raises(ValueError, match=r"`method` must be one of mean, logistic.*'median'"):
        Attributes.fit(z, labels, NAMES, method="median")
    with pytest.raises(ValueError, match=r"`balance`.*'Mal'\. Did you mean 'Male'"):
        Attributes.fit(z, labels, NAMES, balance=("Mal",))


def _by(present):
    return present, ~present
