"""Fuzzing of everything that reads files or answers of others: `python -m fuzz`.

A target is a module with `seeds()`, which yields valid inputs, and `read(content)`, which gives an
input to the package. `read` may raise ValueError and OSError with one line, and nothing else.
"""

TARGETS = (
    "photo",
    "metadata",
    "arrays",
    "archive",
    "attribute_list",
    "table",
    "idx",
    "pickled",
    "matlab",
    "model",
    "answer",
    "run_directory",
)
