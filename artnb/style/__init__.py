"""Style transfer: its metrics, many pairs and methods compared, heritage and innovation."""
