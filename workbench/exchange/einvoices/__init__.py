"""The kinds of e-invoices, and where a PDF carries them."""
