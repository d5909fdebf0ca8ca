"""Architectures or ONNX files → networks of kernels with exact shapes, work and memory."""
