"""Ways to take the steps of a training, beside the Trainer of transformers. [worker]"""
