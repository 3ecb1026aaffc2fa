import pytest

from keras_vae.inference.endpoints import reason

NODE = "[[{{node decode_pixels_1/CheckNumerics}}]]"


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (f"`z` must be finite. : Tensor had NaN values\n\t {NODE}", "`z` must be finite."),
        (f"assertion failed: [No such `a`.]\n\t {NODE}\n\t{NODE}", "No such `a`."),
        ("Bad image.\n\t [[{{function_node map_8}}{{node a}}]]", "Bad image."),
        (
            f"2 root error(s) found.\n  (0) INVALID_ARGUMENT: Bad image.\n\t {NODE}\n"
            f"  (1) INVALID_ARGUMENT: Worse.\n\t {NODE}\n0 successful operations.",
            "Bad image.",
        ),
        (f"Graph execution error:\n\nDetected at node x\n\t{NODE}\nBad image.", "Bad image."),
        ("Servable not found for request: Latest(x)", "Servable not found for request: Latest(x)"),
        ("", ""),
    ],
)
def test_reason_is_the_sentence_within_the_noise(message, sentence):
    assert reason(message) == sentence
