"""What a vendor's documents have in common: where its values stand from one to the next."""
