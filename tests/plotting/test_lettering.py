import warnings

import pytest

from keras_vae.plotting import dot_plot
from keras_vae.plotting.lettering import write


def test_letters_of_the_font_are_written_without_a_word():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write("−3 … 3, Zoë, Łódź, Ω, Жук\nα ≥ ½")


def test_letters_that_the_font_lacks_are_named():
    with pytest.warns(UserWarning, match="^Boxes stand .* lacks: 岸 森 海\\.$"):
        write("海岸 and 森")


def test_of_many_letters_some_are_named():
    with pytest.warns(UserWarning, match="一 丁 丂 七 丄 丅 丆 万 and 4 others"):
        write("".join(map(chr, range(0x4E00, 0x4E0C))))


def test_a_figure_names_them_once_in_one_warning():
    with pytest.warns(UserWarning, match="lacks: 林 森 海\\.$") as caught:
        dot_plot({"AUC": {"森林": {"海": 0.1}, "b": {"海": 0.9}}}, title="森")
    assert len(caught) == 1
