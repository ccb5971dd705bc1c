"""One folder a venue; what all of them share lies beside them."""
