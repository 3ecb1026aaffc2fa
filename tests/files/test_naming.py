import pytest

from keras_vae.files.naming import LONGEST, first_line, near_names, plain_name, plural

NAMES = ["Smiling", "Young", "Wearing_Hat"]


@pytest.mark.parametrize(
    ("typed", "meant"), [("smilng", "Smiling"), ("wearing_hats", "Wearing_Hat")]
)
def test_a_mistyped_name_gets_the_near_one(typed, meant):
    assert near_names(typed, NAMES) == f"Did you mean '{meant}'?"


def test_without_a_near_name_all_are_listed():
    assert near_names("xyz", NAMES) == "Choose from: Smiling, Young, Wearing_Hat."


def test_a_plain_name_is_in_lower_case_with_underscores():
    assert plain_name("Fashion-MNIST") == "fashion_mnist"


def test_a_number_has_a_noun():
    assert [plural(count, "image") for count in (0, 1, 2_000)] == [
        "0 images",
        "1 image",
        "2,000 images",
    ]


def test_the_first_line_of_an_error_is_not_endless():
    assert first_line(ValueError("a\nb")) == "a"
    assert first_line(ValueError()) == "ValueError"
    assert len(first_line(ValueError("x" * 10_000))) == LONGEST + 2
