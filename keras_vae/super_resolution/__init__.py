"""Super-resolution: training and export of a network that makes images larger.

The network is VDSR of Kim, Lee and Lee (2016), "Accurate Image Super-Resolution Using Very Deep
Convolutional Networks". Wolfram uses it to show faces of 32×32 at 96×96. `keras_vae.load_upscaler`
loads an exported upscaler.
"""

from ..ops import backend as backend  # refuses other backends than TensorFlow
