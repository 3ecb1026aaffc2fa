import json

from keras_vae.datasets.account import Account, ending


def test_reasons_are_counted_with_the_first_names():
    account = Account()
    account.taken.update([".jpg", ".png", ".jpg"])
    account.leave_out("hidden", ["a"])
    account.leave_out("hidden", [f"b{number}" for number in range(9)])
    account.leave_out("not there", count=1_200)
    account.leave_out("damaged", [])
    account.notes.append("a note")
    assert account.taken_line == "2 .jpg, 1 .png; a note"
    assert account.left_out_line == "1,200 not there; 10 hidden (a, b0, b1, …)"


def test_more_reasons_than_fit_are_counted():
    account = Account()
    for number in range(9):
        account.leave_out(f"reason {number}", ["x"] * (9 - number))
    assert account.left_out_line.endswith("; 6 for 3 other reasons")
    assert Account().left_out_line == "nothing"
    assert Account().taken_line == ""


def test_an_account_is_stored_as_json():
    account = Account()
    account.taken["`images`"] = 3
    account.leave_out("hidden", ["a", "b"])
    account.notes.append("a note")
    assert Account.from_json(json.loads(json.dumps(account.as_json()))) == account


def test_endings_are_in_lower_case():
    assert [ending(name) for name in ("a/b.JPG", "a.b/c", ".hidden")] == [
        ".jpg",
        "no ending",
        "no ending",
    ]


def test_what_cannot_be_used_after_all_is_not_taken():
    account = Account()
    account.taken.update([".jpg", ".png", ".jpg"])
    account.withdraw("a/B.JPG")
    account.withdraw("b.png")
    assert account.taken_line == "1 .jpg"
    arrays = Account()
    arrays.taken["`images`"] = 3
    arrays.withdraw("image 1")
    assert arrays.taken_line == "2 `images`"


def test_long_names_are_cut():
    account = Account()
    account.leave_out("hidden", ["." + "a" * 60_000])
    assert len(account.left_out_line) < 600
