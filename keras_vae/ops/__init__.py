"""What makes a training step fast: convolutions, kernel gradients by im2col, Adam."""
