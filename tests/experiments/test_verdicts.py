import pytest

from keras_vae.experiments.claims import CLAIMS
from keras_vae.experiments.verdicts import CONFIRMED, DIRECTION, REFUTED, Verdict, near


@pytest.mark.parametrize(
    ("whole", "direction", "verdict"),
    [
        (True, False, CONFIRMED),
        (True, True, CONFIRMED),
        (False, True, DIRECTION),
        (False, False, REFUTED),
    ],
)
def test_a_claim_holds_as_a_whole_in_direction_or_not(whole, direction, verdict):
    assert Verdict.of("J3", whole, direction, share=0.5).verdict == verdict


def test_a_verdict_has_the_numbers_in_the_claims_words():
    rows = [{"name": name, "step_ratio": 1.234, "step_ratio_95": 1.5} for name in "ab"]
    verdict = Verdict.of("P3", True, True, rows)
    assert verdict.measured.endswith("a: 1.23 (95 % below 1.50); b: 1.23 (95 % below 1.50)")
    assert (verdict.why, verdict.figures) == (CLAIMS["P3"].why, CLAIMS["P3"].figures)


def test_near_is_a_share_of_the_claimed_number():
    assert near(102.9, 100)
    assert not near(103.1, 100)
    assert near(-97.1, -100)
