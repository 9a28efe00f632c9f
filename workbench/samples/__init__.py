"""Made-up invoices and receipts: words, boxes and labels for training, and files to try the workbench with."""
