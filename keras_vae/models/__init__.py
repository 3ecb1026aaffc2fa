"""The variational autoencoder: layers, networks, likelihoods."""
