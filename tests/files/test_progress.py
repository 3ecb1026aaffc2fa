from keras_vae.files.progress import parts_of, silent


def test_parts_that_follow_one_another_count_on():
    seen = []
    parts = parts_of(lambda *step: seen.append(step), [3, 0, 2])
    for part, steps in zip(parts, [[1, 3], [], [1, 2]], strict=True):
        for step in steps:
            part(step, 99)
    assert seen == [(1, 5), (3, 5), (4, 5), (5, 5)]


def test_nobody_has_to_listen():
    assert list(parts_of(None, [3, 2])) == [None, None]
    with silent("Measuring") as progress:
        assert progress is None
