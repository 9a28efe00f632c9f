"""The worker process: the only package that may import torch. Others start `python -P -m workbench.training.worker`."""
