"""The ONNX form of a model: made once, asked by the server where it is faster."""
