"""Networks that were made elsewhere become ONNX when they are adopted; a file here is called as their package."""
