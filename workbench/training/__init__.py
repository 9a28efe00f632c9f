"""The worker process: it imports torch. Others start `python -P -m workbench.training.worker`."""
