from keras_vae.files.tables import csv_text


def test_columns_are_those_of_all_rows_in_the_order_of_their_appearance():
    assert csv_text([{"a": 1, "b": "x, y"}, {"c": 0.5, "a": 2}]) == 'a,b,c\n1,"x, y",\n2,,0.5\n'
