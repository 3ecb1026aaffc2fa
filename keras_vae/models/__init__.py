"""The variational autoencoder, its layers, networks and likelihoods."""
