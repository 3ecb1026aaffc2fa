"""What the five reports claim, and others outside them, by ids that the verdicts name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """A claim of a report.

    Attributes:
        report: Whose.
        setting: What was trained.
        text: What is claimed.
    """

    report: str
    setting: str
    text: str


CLAIMS = {
    "J1": Claim(
        "Jiang",
        "MNIST, one hidden layer of 512, z = 3, 5, 20, batch 128, 30 epochs",
        "−ELBO comes to about 132 nats at z = 3 after 1.75 million samples",
    ),
    "J2": Claim(
        "Jiang",
        "MNIST, 31 symmetric architectures, z = 3, 5, 10, 20; 20 epochs, stop rule 0.01",
        "Best: [512, 256, 128] at z = 3 (cross-entropy 115), [512, 256, 64] at z = 5, [512, 256] "
        "at z = 10, [512] at z = 20; [512, 256] overall; a 32-wide layer next to the latent hurts",
    ),
    "J3": Claim(
        "Jiang", "MNIST, z = 2", "Digits gather in the latent plane; its manifold is smooth"
    ),
    "J4": Claim(
        "Jiang",
        "MNIST, a new batch of 128",
        "The test error is like the training error: no overfitting",
    ),
    "J5": Claim(
        "Jiang",
        "CelebA, z = 200, dot products of mean-difference directions with Attractive",
        "Young 10.556, Blond_Hair 2.479, Pale_Skin 1.858, Smiling −1.408, Male −3.765, "
        "Eyeglasses −6.977",
    ),
    "W1": Claim("Wolfram", "CelebA 32×32, z = 200, batch 500", "Ten rounds suffice"),
    "W2": Claim("Wolfram", "40 generated faces, reconstructions", "Faces look real"),
    "W3": Claim(
        "Wolfram",
        "Every convolution for one input",
        "Nine layers, of eight times 128 channels and of 3, each with its own pattern",
    ),
    "W4": Claim(
        "Wolfram", "UMAP of z_mean by Attractive", "The two groups have distinct distributions"
    ),
    "W5": Claim("Wolfram", "z' = z + nΔ on four images", "The change is smooth"),
    "A1": Claim(
        "Astorga et al.",
        "MNIST, two hidden layers of 512, z = 1 … 64",
        "Samples gain little past z = 2",
    ),
    "A2": Claim(
        "Astorga et al.",
        "CelebA 64×48, z = 2 … 96",
        "Samples are best at z = 32 to 64, worse at 96",
    ),
    "A3": Claim(
        "Astorga et al.",
        "Logistic regression on 10,000 latents of CelebA",
        "Attributes are separable",
    ),
    "Z0": Claim(
        "Zhao",
        "A plain autoencoder beside the VAE, z = 2",
        "The autoencoder's codes spread wide with gaps; the VAE's gather round the origin",
    ),
    "Z1": Claim("Zhao", "Dense network, MNIST, z = 2, c = 0.05, 15 epochs", "Loss 307 = 293 + 14"),
    "Z2": Claim("Zhao", "The same on Fashion-MNIST", "Loss 229 = 216 + 13.4"),
    "Z3": Claim("Zhao", "Convolutional network, z = 2", "Loss 322 on MNIST, 246 on Fashion-MNIST"),
    "Z4": Claim("Zhao", "Dense network, MNIST, z = 1, 2, 3, 5, 20", "Loss 365, 302, 258, 204, 154"),
    "Z5": Claim(
        "Zhao",
        "Convolutional network, MNIST, z = 1, 2, 3, 5, 20",
        "Loss 399, 336, 284, 218, 133: it beats the dense network only at z = 20",
    ),
    "Z6": Claim(
        "Zhao",
        "Dense network, MNIST, z = 2, c from 0.0001 to 1",
        "Small c: poor coverage of the prior; large c: blur",
    ),
    "P1": Claim(
        "Perriu and Amadi", "CelebA 64×48, z = 64, λ = 1e-3 … 1e-6", "Best at 1e-5; 1e-6 deforms"
    ),
    "P2": Claim("Perriu and Amadi", "The same at the best λ, z = 32, 64, 128", "z = 64 is best"),
    "P3": Claim(
        "Perriu and Amadi", "Interpolation between two faces", "Smooth for every λ and every z"
    ),
    "P4": Claim(
        "Perriu and Amadi",
        "A larger weight of the KL divergence",
        "Deforms unusual faces; interpolation is still smooth",
    ),
    "O1": Claim(
        "Burda et al. 2015",
        "VAE of one stochastic layer, MNIST binarised anew each epoch, 5,000 importance samples",
        "−log p(x) = 86.76 nats, and 86.35 in a reproduction",
    ),
    "O2": Claim(
        "Burda et al. 2015",
        "The same network trained with the bound of 50 samples",
        "−log p(x) = 84.78 nats, and 84.59 in a reproduction",
    ),
    "O3": Claim(
        "Foster 2023, executed notebooks",
        "CelebA 32×32, 2,000 × mean squared error, 10 epochs",
        "Training loss 62.3 to 63.6 = 44.5 to 46.0 + 17.5 to 17.7",
    ),
    "O4": Claim(
        "Foster 2023, executed notebooks",
        "Fashion-MNIST, convolutions, z = 2, 500 × mean cross-entropy, 5 epochs",
        "Training loss 132.4 to 133.3 = 127.3 to 128.3 + 5.0 to 5.1",
    ),
}
