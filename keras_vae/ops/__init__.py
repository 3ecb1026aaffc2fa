"""How the package meets TensorFlow and Keras: imports, registration, fast operations."""
