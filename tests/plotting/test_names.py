"""Names in charts are drawn as they are, whatever letters they have."""

import numpy as np
import pytest
from matplotlib.cbook import is_math_text
from matplotlib.text import Text

from keras_vae import plotting
from keras_vae.latent_space.attributes import Attributes, contributions
from keras_vae.plotting import Line, Panel, charts, dot_plots, line_plots
from keras_vae.plotting.figures import picture_of

NAMES = [r"_US$ and CA$", r"a$\foo$", r"5 \$", "_z"]


def scattered(names):
    points = np.random.default_rng(0).normal(size=(40, 2))
    plotting.scatter(points, np.arange(40) % 4, names, axes=names[:2], title=names[1])


def contributing(names):
    deltas = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    known = Attributes((*names[1:], names[0]), deltas)
    plotting.contribution_chart(contributions(known, names[0]), names[0])


def similar(names):
    plotting.similarity_chart(np.eye(4), names, names[1])


def dotted(names):
    series = {name: dict.fromkeys(names, 0.5) for name in names}
    plotting.dot_plot({names[1]: series}, title=names[0])


def lines(names):
    drawn = [Line(name, [1, 2], [1, 2]) for name in names]
    labelled = Line(names[0], [1, 2, 3], [1, 2, 3], labels=names[1:])
    panels = [Panel(names[1], names[:2], drawn, log="xy"), Panel(names[2], names[1:3], [labelled])]
    plotting.line_plot(panels, title=names[0], caption=names[1])


def single_legend(names):
    panels = [Panel("", ("", ""), [Line(name, [1, 2], [1, 2])]) for name in (names[0], "")]
    plotting.line_plot(panels, title="\n".join(names[1:]))


@pytest.fixture
def texts(monkeypatch):
    """What charts write, when they are drawn."""
    written = set()

    def keep(figure):
        picture = picture_of(figure)
        for text in figure.findobj(Text):
            if not is_math_text(text.get_text()):  # as the numbers of logarithmic axes are
                written.add(text.get_text().replace(r"\$", "$").replace("\n", " "))
        return picture

    for module in (charts, dot_plots, line_plots):
        monkeypatch.setattr(module, "picture_of", keep)
    monkeypatch.setitem(plotting.scatter.__globals__, "picture_of", keep)
    return written


every_chart = pytest.mark.parametrize(
    "draw", [scattered, contributing, similar, dotted, lines, single_legend]
)


@every_chart
def test_names_are_no_formulas_and_in_the_legend(draw, texts):
    draw(NAMES)
    for name in NAMES:
        assert any(name in text for text in texts), name


@every_chart
def test_a_name_that_is_no_utf_8_or_has_control_characters_is_drawn(draw, texts):
    draw(["caf\udce9", "\x1b[31mred", "a\x00b", "z"])
    for name in ("caf�", "�[31mred", "a�b", "z"):
        assert any(name in text for text in texts), name
