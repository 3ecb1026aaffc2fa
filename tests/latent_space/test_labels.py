from keras_vae.latent_space.labels import dimension_label
from keras_vae.plotting.lettering import write


def test_a_dimension_has_a_subscript_and_its_kl():
    assert dimension_label(0, [4.466]) == "z₀ (KL 4.47 nats)"
    assert dimension_label(17) == "z₁₇"


def test_every_subscript_is_in_the_font():
    missing = write("\N{REPLACEMENT CHARACTER}").tobytes()
    drawn = [write(dimension_label(digit)[1:]).tobytes() for digit in range(10)]
    assert len({*drawn, missing, write("\uffff").tobytes()}) >= 11
