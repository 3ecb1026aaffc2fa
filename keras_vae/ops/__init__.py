"""Operations for fast training steps: convolutions, kernel gradients by im2col, Adam."""
