"""Super-resolution: a network that makes images larger, trained and exported apart from any VAE.

VDSR of Kim, Lee and Lee (2016), "Accurate Image Super-Resolution Using Very Deep Convolutional
Networks", with which Wolfram shows faces of 32×32 at 96×96. What uses the exported model is
`keras_vae.upscaler`.
"""
