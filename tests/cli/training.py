"""`kvae train`, run in this process."""

from click.testing import CliRunner, Result

from keras_vae.cli.main import kvae


def train(*words, ok=True) -> Result:
    """Run the command; unless `ok` is false it must succeed."""
    result = CliRunner().invoke(kvae, ["train", *map(str, words)])
    if ok:
        assert result.exit_code == 0, result.output or result.exception
    return result
