"""What rows are compared by."""

TIMES = ("seconds", "cpu_seconds", "images_per_second")


def numbers(row):
    """A row without the times, which no two trainings share."""
    return {name: value for name, value in row.items() if name not in TIMES}
