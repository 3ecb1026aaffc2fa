import os

import pytest

from keras_vae.files.stderr import discarded_stderr, quiet_stderr


@pytest.mark.parametrize("hide", [quiet_stderr, discarded_stderr])
def test_messages_are_hidden(hide, capfd):
    with hide():
        os.write(2, b"chatter\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_messages_before_an_exception_are_printed(capfd):
    with pytest.raises(ZeroDivisionError), quiet_stderr():
        os.write(2, b"the reason\n") / 0
    assert capfd.readouterr().err == "the reason\n"


def test_messages_before_an_exception_that_says_them_are_discarded(capfd):
    with pytest.raises(ZeroDivisionError), discarded_stderr():
        os.write(2, b"the reason\n") / 0
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_a_signal_is_no_reason_to_print_them(capfd):
    def interrupted():
        with quiet_stderr():
            os.write(2, b"chatter\n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert capfd.readouterr().err == ""
