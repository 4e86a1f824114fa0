"""The space of convolutional networks for accelerators: what each stage computes, and how wide and deep it is."""
