"""What the notebooks in `notebooks/` are made of: pictures, measurements, and what holds their outputs true."""
