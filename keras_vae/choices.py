"""Names that presets, runs and the command's options choose from; it imports nothing."""

NORMALIZATIONS = ("none", "batch", "instance")
UPSAMPLINGS = ("transposed", "nearest")
RESAMPLINGS = ("bilinear", "bicubic")
BINARIZATIONS = ("none", "static", "dynamic", "threshold")
LAST_RATES = {"constant": 1.0, "cosine": 0.0}  # decay → last rate, as a share of the highest
RATE_RULES = {"none": 0.0, "linear": 1.0, "sqrt": 0.5}  # rule → exponent of the batch's growth
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")  # of Keras's dtype policies
WEIGHTS = ("float32", "float16")  # of exported models
STRATEGIES = ("auto", "single", "mirrored", "multiworker")
