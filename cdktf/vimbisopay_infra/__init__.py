"""VimbisoPay on AWS: the stacks, and the numbers that they are sized by."""
