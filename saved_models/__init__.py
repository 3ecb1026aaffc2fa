"""The shipped models: a folder each, `<name>/<version>/`, as TF Serving watches them."""
